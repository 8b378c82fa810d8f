/** attempt.json: how the last sign-in that reached the tenant went, for whoever looks into a failure. */
import { z } from 'zod';
import { readState, statePaths, writeState } from './files.ts';

const schema = z.strictObject({
  time: z.iso.datetime(),
  status: z.enum(['succeeded', 'no-ticket', 'failed']),
  /** Undefined where the tenant did not come as far as telling whose key it was. */
  user: z.string().optional(),
  /** What it was made with: a security key, or the token that was there. */
  credential: z.enum(['fido', 'prt']).optional(),
  /** The error's code, where it did not succeed. */
  code: z.string().optional(),
  /** Sent to the tenant; its own number of the request is `traceId`. */
  correlationId: z.string(),
  traceId: z.string().optional(),
  endpoint: z.string(),
  httpStatus: z.int().optional(),
  serverErrorCode: z.string().optional(),
  serverErrorText: z.string().optional(),
  /** Name or number of the domain controller's KRB-ERROR. */
  dcError: z.string().optional(),
});

/** As stored; `time` is ISO 8601 in UTC, by this machine's clock. */
export type Attempt = z.output<typeof schema>;

export function readAttempt(stateDir: string): Attempt | undefined {
  return readState(statePaths(stateDir).attempt, schema);
}

export function writeAttempt(stateDir: string, attempt: Attempt): void {
  writeState(statePaths(stateDir).attempt, attempt);
}
