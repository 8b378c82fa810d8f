/** pending.json: a hybrid join that has begun. Its keys are those whose certificate the directory has. */
import { rmSync } from 'node:fs';
import { z } from 'zod';
import { storedKeys } from '../keys/store.ts';
import { onDisk, readState, statePaths, writeState } from './files.ts';

const schema = z.strictObject({
  /** objectGUID of the computer: the id of the device to be. */
  deviceId: z.guid(),
  tenantId: z.string(),
  /** DER: the certificate of the computer's object. */
  certificate: z.base64(),
  begunOn: z.iso.datetime(),
  keys: storedKeys,
});

/** As stored; times are ISO 8601 in UTC. */
export type PendingJoin = z.output<typeof schema>;

/** @returns undefined where none is under way */
export function findPending(stateDir: string): PendingJoin | undefined {
  return readState(statePaths(stateDir).pending, schema);
}

export function writePending(stateDir: string, pending: PendingJoin): void {
  writeState(statePaths(stateDir).pending, pending);
}

export function removePending(stateDir: string): void {
  const path = statePaths(stateDir).pending;
  onDisk(path, () => rmSync(path, { force: true }));
}
