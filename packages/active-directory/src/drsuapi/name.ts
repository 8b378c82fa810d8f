/** DSNAME: an object by its distinguished name ([MS-DRSR] 5.50). */
import type { NdrReader, NdrWriter } from '@kennel/kerberos';
import { drsMalformed } from './errors.ts';

const GUID = 16;
const SID = 28;
/** structLen, SidLen, Guid, Sid, NameLen. */
const FIXED = 4 + 4 + GUID + SID + 4;
const MAX_NAME = 4096;

/** The name alone: GUID and SID are left zero. */
export function writeDsName(out: NdrWriter, dn: string): void {
  const name = Buffer.from(`${dn}\0`, 'utf16le');
  out.u32(name.length / 2);
  out.u32(FIXED + name.length);
  out.u32(0);
  out.bytes(Buffer.alloc(GUID + SID));
  out.u32(name.length / 2 - 1);
  out.bytes(name);
}

export interface DsName {
  /** 16 bytes as on the wire. */
  guid: Uint8Array;
  /** Binary SID, empty where the object has none. */
  sid: Uint8Array;
  dn: string;
}

export function readDsName(input: NdrReader): DsName {
  const characters = input.count(2);
  input.u32();
  const sidLength = input.u32();
  const guid = input.bytes(GUID);
  const sid = input.bytes(SID);
  const length = input.u32();
  if (length + 1 !== characters || length > MAX_NAME || sidLength > SID) throw drsMalformed('a name');
  const name = input.bytes(characters * 2);
  return { guid, sid: sid.subarray(0, sidLength), dn: name.subarray(0, length * 2).toString('utf16le') };
}
