/** Return values of DRSUAPI in words ([MS-ERREF] 2.2), and the error for what cannot be read. */
import { ActiveDirectoryError } from '../errors.ts';

export const drsMalformed = (what: string) =>
  new ActiveDirectoryError(
    'drs-malformed',
    "The domain controller's replication answer is malformed. Try another domain controller.",
    { what },
  );

const ACCESS_DENIED = new Set([5, 8344, 8453]);
const NOT_FOUND = new Set([8333, 8420, 8439, 8440]);
const OTHER: Readonly<Record<number, string>> = {
  8: 'it is out of memory',
  8418: 'the schemas do not agree',
  8446: 'it is out of memory',
  8451: 'its database failed; see its event log',
  8456: 'outbound replication is switched off there (repadmin /options -DISABLE_OUTBOUND_REPL)',
  8437: 'it takes the request for invalid',
  87: 'it takes the request for invalid',
};

/** Throws for a return value other than 0. @throws ActiveDirectoryError `access-denied`, `object-not-found`, `drs-refused` */
export function throwIfRefused(status: number): void {
  if (status === 0) return;
  if (ACCESS_DENIED.has(status))
    throw new ActiveDirectoryError(
      'access-denied',
      'The credential may not replicate secrets. Use a Domain Admin, or grant Replicating Directory Changes and Replicating Directory Changes All on the domain.',
      { status },
    );
  if (NOT_FOUND.has(status))
    throw new ActiveDirectoryError(
      'object-not-found',
      'The domain controller has no such object. It may not have replicated yet: wait, or name another domain controller.',
      { status },
    );
  const why = OTHER[status] ?? `status ${status}`;
  throw new ActiveDirectoryError('drs-refused', `The domain controller refused to replicate: ${why}.`, {
    status,
  });
}
