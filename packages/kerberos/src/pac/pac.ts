/** PACTYPE, the container of buffers ([MS-PAC] sections 2.3, 2.4), and the PAC's place in the authorization data. */
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { AD_TYPE } from '../iana/message-types.ts';
import { AuthorizationData } from '../messages/common.ts';

export interface PacBuffer {
  type: number;
  data: Uint8Array;
}

const MAX_BUFFERS = 32;
const HEADER = 8;
const ENTRY = 16;
const malformed = (what: string) => new KerberosError('pac-malformed', `The PAC is malformed: ${what}.`);
const eight = (value: number) => (value + 7) & ~7;

/** Buffers in their order, each aligned to eight bytes, the last one padded too (as Samba and Windows do). */
export function encodePac(buffers: readonly PacBuffer[]): Buffer {
  let at = HEADER + ENTRY * buffers.length;
  const offsets = buffers.map((buffer) => {
    const offset = at;
    at = eight(at + buffer.data.length);
    return offset;
  });
  const out = Buffer.alloc(at);
  out.writeUInt32LE(buffers.length, 0);
  for (const [i, buffer] of buffers.entries()) {
    const entry = HEADER + ENTRY * i;
    out.writeUInt32LE(buffer.type, entry);
    out.writeUInt32LE(buffer.data.length, entry + 4);
    out.writeUInt32LE(offsets[i] ?? 0, entry + 8);
    out.set(buffer.data, offsets[i]);
  }
  return out;
}

/** Each buffer with its offset in the PAC. @throws KerberosError `pac-malformed` (doubled type, out of bounds, version) */
export function decodePac(bytes: Uint8Array): (PacBuffer & { offset: number })[] {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (input.length < HEADER || input.readUInt32LE(4) !== 0) throw malformed('no header of version 0');
  const count = input.readUInt32LE(0);
  if (count > MAX_BUFFERS || HEADER + ENTRY * count > input.length) throw malformed('too many buffers');
  const seen = new Set<number>();
  return Array.from({ length: count }, (_, i) => {
    const entry = HEADER + ENTRY * i;
    const type = input.readUInt32LE(entry);
    const size = input.readUInt32LE(entry + 4);
    const offset = input.readUInt32LE(entry + 8);
    if (
      input.readUInt32LE(entry + 12) !== 0 ||
      offset + size > input.length ||
      offset < HEADER + ENTRY * count
    )
      throw malformed('a buffer beyond its end');
    if (seen.has(type)) throw malformed('a buffer that is there twice');
    seen.add(type);
    return { type, data: input.subarray(offset, offset + size), offset };
  });
}

/** AD-IF-RELEVANT { AD-WIN2K-PAC } around a PAC. */
export function pacAuthorizationData(pac: Uint8Array): AuthorizationData {
  return [
    { type: AD_TYPE.IF_RELEVANT, data: AuthorizationData.encode([{ type: AD_TYPE.WIN2K_PAC, data: pac }]) },
  ];
}

/** The PAC of a ticket's authorization data, where there is one. */
export function findPac(data: AuthorizationData | undefined): Uint8Array | undefined {
  for (const outer of data ?? []) {
    if (outer.type !== AD_TYPE.IF_RELEVANT) continue;
    const pac = decodeDer(AuthorizationData, outer.data).find((inner) => inner.type === AD_TYPE.WIN2K_PAC);
    if (pac) return pac.data;
  }
  return undefined;
}
