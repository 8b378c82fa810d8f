/** What doctor finds: one line a check, and for each failure what to do. */
import { shownError } from '../errors.ts';
import { table } from '../table.ts';

export interface Finding {
  /** Stable, for scripts: `dns.srv`. */
  check: string;
  /** On what: a host, a domain, a user. */
  on: string;
  outcome: 'ok' | 'failed' | 'warning' | 'not-applicable';
  detail: string;
  fix?: string;
}

/** What must be open from a device. */
export interface Endpoint {
  host: string;
  /** As a firewall's rule has it: `TCP 443`. */
  port: string;
  purpose: string;
}

export class Findings {
  readonly all: Finding[] = [];
  readonly endpoints: Endpoint[] = [];

  /** Notes what a device needs, whether it can be reached or not. */
  needs(endpoint: Endpoint): void {
    this.endpoints.push(endpoint);
  }

  ok(check: string, on: string, detail: string): void {
    this.all.push({ check, on, outcome: 'ok', detail });
  }
  failed(check: string, on: string, detail: string, fix: string): void {
    this.all.push({ check, on, outcome: 'failed', detail, fix });
  }
  warning(check: string, on: string, detail: string, fix: string): void {
    this.all.push({ check, on, outcome: 'warning', detail, fix });
  }
  notApplicable(check: string, on: string, detail: string): void {
    this.all.push({ check, on, outcome: 'not-applicable', detail });
  }

  /** Runs a check whose errors are failures; what it gives back is for the checks that build on it. */
  async try<T>(check: string, on: string, fix: string, use: () => Promise<T>): Promise<T | undefined> {
    try {
      return await use();
    } catch (error) {
      const { message, next } = shownError(error);
      this.failed(check, on, message, next ?? fix);
      return undefined;
    }
  }

  get failures(): number {
    return this.all.filter(({ outcome }) => outcome === 'failed').length;
  }
}

const MARKS = { ok: 'ok  ', failed: 'FAIL', warning: 'warn', 'not-applicable': 'n/a ' } as const;

export function findingsText({ all, endpoints }: Findings): string {
  const lines = all.map(({ check, on, outcome, detail, fix }) => {
    const line = `${MARKS[outcome]}  ${check.padEnd(18)} ${on}: ${detail}`;
    return fix === undefined ? line : `${line}\n        -> ${fix}`;
  });
  const count = (outcome: Finding['outcome'], noun: string) => {
    const number = all.filter((each) => each.outcome === outcome).length;
    return `${number} ${noun}${number === 1 ? '' : 's'}`;
  };
  const needed =
    endpoints.length === 0
      ? []
      : [
          '',
          'What a device must reach:',
          table(
            ['host', 'port', 'for'],
            endpoints.map(({ host, port, purpose }) => [host, port, purpose]),
            '',
          ),
        ];
  const checks = `${all.length} check${all.length === 1 ? '' : 's'}`;
  return [
    ...lines,
    ...needed,
    '',
    `${checks}, ${count('failed', 'failure')}, ${count('warning', 'warning')}.`,
  ].join('\n');
}
