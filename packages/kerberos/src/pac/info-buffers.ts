/** The PAC's small buffers: client info, UPN and DNS, attributes, requestor ([MS-PAC] 2.7, 2.10, 2.14, 2.15). */
import { KerberosError } from '../errors.ts';
import { toFileTime } from './filetime.ts';
import { decodeSid, encodeSid } from './sid.ts';

const malformed = (what: string) => new KerberosError('pac-malformed', `The PAC is malformed: ${what}.`);
const view = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** PAC_CLIENT_INFO: the ticket's authtime and the client's name. */
export function encodeClientInfo(authtime: Date, name: string): Buffer {
  const text = Buffer.from(name, 'utf16le');
  const out = Buffer.alloc(10 + text.length);
  out.writeBigUInt64LE(toFileTime(authtime));
  out.writeUInt16LE(text.length, 8);
  out.set(text, 10);
  return out;
}

export function decodeClientInfo(bytes: Uint8Array): { clientId: bigint; name: string } {
  const input = view(bytes);
  if (input.length < 10 || input.readUInt16LE(8) !== input.length - 10) throw malformed('client info');
  return { clientId: input.readBigUInt64LE(0), name: input.subarray(10).toString('utf16le') };
}

/** UPN_DNS_INFO with the extension that carries sAMAccountName and SID; `constructed`: the account has no UPN of its own. */
export interface UpnDnsInfo {
  upn: string;
  dnsDomainName: string;
  constructed: boolean;
  samAccountName?: string;
  sid?: string;
}

const UPN_CONSTRUCTED = 1;
const UPN_EXTENDED = 2;
const eight = (value: number) => (value + 7) & ~7;

export function encodeUpnDnsInfo(info: UpnDnsInfo): Buffer {
  const parts: Uint8Array[] = [Buffer.from(info.upn, 'utf16le'), Buffer.from(info.dnsDomainName, 'utf16le')];
  const extended = info.samAccountName !== undefined && info.sid !== undefined;
  if (info.samAccountName !== undefined && info.sid !== undefined)
    parts.push(Buffer.from(info.samAccountName, 'utf16le'), encodeSid(info.sid));
  let end = 12 + (extended ? 8 : 0);
  const offsets = parts.map((part, i) => {
    const offset = i < 3 ? eight(end) : end; // Samba aligns the names and not the SID
    end = offset + part.length;
    return offset;
  });
  const out = Buffer.alloc(eight(end));
  for (const [i, part] of parts.entries()) {
    const field = i < 2 ? 4 * i : 12 + 4 * (i - 2);
    out.writeUInt16LE(part.length, field);
    out.writeUInt16LE(offsets[i] ?? 0, field + 2);
    out.set(part, offsets[i]);
  }
  out.writeUInt32LE((info.constructed ? UPN_CONSTRUCTED : 0) | (extended ? UPN_EXTENDED : 0), 8);
  return out;
}

export function decodeUpnDnsInfo(bytes: Uint8Array): UpnDnsInfo {
  const input = view(bytes);
  const slice = (field: number) => {
    if (field + 4 > input.length) throw malformed('UPN and DNS info');
    const length = input.readUInt16LE(field);
    const offset = input.readUInt16LE(field + 2);
    if (offset + length > input.length) throw malformed('UPN and DNS info');
    return input.subarray(offset, offset + length);
  };
  if (input.length < 12) throw malformed('UPN and DNS info');
  const flags = input.readUInt32LE(8);
  const info = {
    upn: slice(0).toString('utf16le'),
    dnsDomainName: slice(4).toString('utf16le'),
    constructed: (flags & UPN_CONSTRUCTED) !== 0,
  };
  return (flags & UPN_EXTENDED) !== 0
    ? { ...info, samAccountName: slice(12).toString('utf16le'), sid: decodeSid(slice(16)) }
    : info;
}

/** PAC_ATTRIBUTES_INFO: 2 bits long; 1 = a PAC was asked for, 2 = it was given without asking. */
export function encodeAttributesInfo(flags = 1): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(2, 0);
  out.writeUInt32LE(flags, 4);
  return out;
}

export function decodeAttributesInfo(bytes: Uint8Array): number {
  if (bytes.length < 8) throw malformed('attributes');
  return view(bytes).readUInt32LE(4);
}

/** PAC_REQUESTOR: the SID alone. */
export const encodeRequestor = encodeSid;
export const decodeRequestor = decodeSid;
