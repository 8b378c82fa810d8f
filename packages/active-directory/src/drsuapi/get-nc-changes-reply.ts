/** The reply of IDL_DRSGetNCChanges, versions 1 and 6, with one object ([MS-DRSR] 4.1.10.2.8, 4.1.10.2.13). */
import type { NdrReader } from '@kennel/kerberos';
import { ActiveDirectoryError } from '../errors.ts';
import { readStub } from '../rpc/stub.ts';
import { EXOP_SUCCESS } from './constants.ts';
import { drsMalformed, throwIfRefused } from './errors.ts';
import { readDsName } from './name.ts';
import { type ReplicatedObject, readObject } from './object.ts';
import { type PrefixTable, readPrefixTable } from './prefix-table.ts';

export interface ObjectReply {
  prefixes: PrefixTable;
  object: ReplicatedObject;
}

/** Bytes of a cursor in the up-to-date vector by version: UUID, USN, and in version 2 a time (5.165, 5.166). */
const CURSOR = { 1: 24, 6: 32 } as const;

const readVersion = (input: NdrReader): 1 | 6 => {
  const version = input.u32();
  if ((version !== 1 && version !== 6) || input.u32() !== version) throw drsMalformed(`version ${version}`);
  return version;
};

/**
 * Reads the reply to a request for one object.
 * @throws ActiveDirectoryError `access-denied`, `object-not-found`, `drs-refused`, `drs-malformed`, `rpc-malformed`
 */
export function decodeGetObject(stub: Buffer): ObjectReply {
  // The return value stands at the end, behind a body that means nothing where it is not 0.
  if (stub.length >= 4) throwIfRefused(stub.readUInt32LE(stub.length - 4));
  const input = readStub(stub);
  const version = readVersion(input);
  input.align(8);
  input.uuid(); // the server's DSA and invocation id
  input.uuid();
  const hasName = input.pointer();
  for (let i = 0; i < 6; i++) input.u64(); // high-water marks, before and after
  const hasVector = input.pointer();
  const prefixCount = input.u32();
  const hasPrefixes = input.pointer();
  const extendedReturn = input.u32();
  const objects = input.u32();
  input.u32(); // bytes
  const hasObject = input.pointer();
  input.u32(); // more data: of no meaning for one object
  if (version === 6) readTail(input);
  if (extendedReturn !== EXOP_SUCCESS)
    throw new ActiveDirectoryError('drs-refused', 'The domain controller refused to replicate the object.', {
      extendedReturn,
    });
  if (objects !== 1 || !hasObject)
    throw new ActiveDirectoryError(
      'object-not-found',
      'The domain controller gave nothing: the object is not there or has none of what was asked for. It may not have replicated yet: wait, or name another controller.',
      { objects },
    );
  if (hasName) readDsName(input);
  if (hasVector) skipVector(input, CURSOR[version]);
  const prefixes: PrefixTable = hasPrefixes ? readPrefixTable(input, prefixCount) : new Map();
  return { prefixes, object: readObject(input) };
}

/** What version 6 adds: counts, linked values (none of the attributes asked for is linked), an error. */
function readTail(input: NdrReader): void {
  input.u32();
  input.u32();
  const values = input.u32();
  input.pointer();
  if (values !== 0) throw drsMalformed('linked values');
  throwIfRefused(input.u32());
}

function skipVector(input: NdrReader, cursorLength: number): void {
  const cursors = input.count(cursorLength);
  input.align(8);
  input.u64(); // version, reserved
  if (input.u32() !== cursors) throw drsMalformed('cursors');
  input.u32();
  input.bytes(cursors * cursorLength);
}
