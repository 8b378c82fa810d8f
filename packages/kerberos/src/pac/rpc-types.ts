/** RPC_UNICODE_STRING, RPC_SID and GROUP_MEMBERSHIP inside NDR ([MS-DTYP] 2.3.10, 2.4.2.3; [MS-PAC] 2.2.2). */
import { KerberosError } from '../errors.ts';
import type { NdrReader } from '../ndr/reader.ts';
import type { NdrWriter } from '../ndr/writer.ts';
import { decodeSid, encodeSid } from './sid.ts';

/** `spare`: bytes of the buffer beyond the text (AD counts a terminator in some); `absent`: a null pointer. */
export interface RpcString {
  text: string;
  spare?: number;
  absent?: boolean;
}

export const rpc = (text: string): RpcString => ({ text });

export function writeRpcString(out: NdrWriter, value: RpcString): void {
  const bytes = Buffer.from(value.text, 'utf16le');
  const maximum = bytes.length + (value.spare ?? 0);
  out.u16(bytes.length);
  out.u16(maximum);
  out.pointer(value.absent ? undefined : bytes, (text) => {
    out.u32(maximum / 2);
    out.u32(0);
    out.u32(text.length / 2);
    out.bytes(text);
  });
}

/** Reads the fixed part now; the returned function reads the text when its turn comes. */
export function readRpcString(input: NdrReader): () => RpcString {
  const length = input.u16();
  const maximum = input.u16();
  const present = input.pointer();
  return () => {
    if (!present) return { text: '', absent: true, ...(maximum > 0 ? { spare: maximum } : {}) };
    input.u32();
    if (input.u32() !== 0 || input.count(2) !== length / 2 || maximum < length)
      throw new KerberosError('pac-malformed', 'The PAC is malformed: a string contradicts itself.');
    const text = input.bytes(length).toString('utf16le');
    return maximum > length ? { text, spare: maximum - length } : { text };
  };
}

export function writeRpcSid(out: NdrWriter, sid: string): void {
  const bytes = encodeSid(sid);
  out.u32(bytes[1] ?? 0);
  out.bytes(bytes);
}

export function readRpcSid(input: NdrReader): string {
  const count = input.count(4);
  return decodeSid(input.bytes(8 + 4 * count));
}

/** A relative id or SID with its attributes (SE_GROUP_MANDATORY | ENABLED_BY_DEFAULT | ENABLED = 7). */
export interface GroupMembership {
  rid: number;
  attributes: number;
}

export const SE_GROUP_DEFAULT = 7;

export function writeGroups(out: NdrWriter, groups: readonly GroupMembership[]): void {
  out.u32(groups.length);
  for (const group of groups) {
    out.u32(group.rid);
    out.u32(group.attributes);
  }
}

export function readGroups(input: NdrReader): GroupMembership[] {
  const count = input.count(8);
  return Array.from({ length: count }, () => ({ rid: input.u32(), attributes: input.u32() }));
}
