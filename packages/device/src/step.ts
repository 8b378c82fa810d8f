/** Telling, step by step, what happens and how long it took. */

/** The steps of joining, of signing in and of fetching tickets. */
export type StepName =
  | 'discovery'
  | 'nonce'
  | 'assertion'
  | 'registration-token'
  | 'device-keys'
  | 'domain'
  | 'computer-certificate'
  | 'registration'
  | 'prt'
  | 'partial-tgt'
  | 'full-tgt'
  | 'ccache'
  | 'unlock';

export interface Step {
  name: StepName;
  /** What happened, for people. */
  text: string;
  milliseconds: number;
}

/** Called after each step that succeeded. */
export type OnStep = (step: Step) => void;

/** Does a step's work, then tells of it. */
export type Stepper = <T>(
  name: StepName,
  work: () => T | Promise<T>,
  text: (done: T) => string,
) => Promise<T>;

export function stepper(onStep: OnStep = () => undefined): Stepper {
  return async (name, work, text) => {
    const started = performance.now();
    const done = await work();
    onStep({ name, text: text(done), milliseconds: performance.now() - started });
    return done;
  };
}
