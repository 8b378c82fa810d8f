/** The demo's stage: walks steps one after another, times each, and tells what happened and what it proves. */

/** One step as it is told. */
export interface StepReport {
  step: string;
  ok: boolean;
  ms: number;
  text: string;
  proves?: string;
}

/** What a step says when it is done. */
export interface Told {
  text: string;
  proves?: string;
}

/** The step that failed, and why. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
  readonly code = 'demo-failed';
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(`The step "${step}" failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.step = step;
  }
}

export type Stage = <T>(step: string, act: () => Promise<T>, tell: (result: T) => Told) => Promise<T>;

/** @param report gets every step, the failed one too; then the failure is thrown */
export function stage(report: (step: StepReport) => void): Stage {
  return async (step, act, tell) => {
    const begin = performance.now();
    const ms = () => Math.round(performance.now() - begin);
    try {
      const result = await act();
      report({ step, ok: true, ms: ms(), ...tell(result) });
      return result;
    } catch (error) {
      const failure = new DemoFailure(step, error);
      report({ step, ok: false, ms: ms(), text: failure.message });
      throw failure;
    }
  };
}

/** Turns a refusal that must happen into a result, and its absence into an error. */
export async function refused<E extends { code: string; message: string }>(
  attempt: () => Promise<unknown>,
  code: string,
): Promise<E> {
  try {
    await attempt();
  } catch (error) {
    const refusal = error as E; // compared by its code in the next line
    if (refusal.code === code) return refusal;
    throw error;
  }
  throw new Error(`this was to be refused (${code}), and was not`);
}
