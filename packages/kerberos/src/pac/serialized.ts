/** Type serialization version 1, in which a PAC carries its NDR ([MS-RPCE] 2.2.6): two headers, then the type, padded to eight. */
import { KerberosError } from '../errors.ts';
import { NdrReader } from '../ndr/reader.ts';
import type { NdrWriter } from '../ndr/writer.ts';

const HEADERS = 16;

/** The bytes with the headers in front. */
export function serialized(out: NdrWriter): Buffer {
  out.flush();
  out.align(8);
  const type = out.result();
  const headers = Buffer.from('01100800cccccccc0000000000000000', 'hex');
  headers.writeUInt32LE(type.length, 8);
  return Buffer.concat([headers, type]);
}

/** @throws KerberosError `pac-malformed`, and the reader too */
export function readSerialized(bytes: Uint8Array): NdrReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < HEADERS || buffer[0] !== 1 || buffer[1] !== 0x10 || buffer.readUInt16LE(2) !== 8)
    throw malformed('no NDR header');
  if (buffer.readUInt32LE(8) > buffer.length - HEADERS) throw malformed('NDR length beyond its end');
  return new NdrReader(buffer.subarray(HEADERS), malformed);
}

const malformed = (what: string) => new KerberosError('pac-malformed', `The PAC is malformed: ${what}.`);
