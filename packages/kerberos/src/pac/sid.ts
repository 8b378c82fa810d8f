/** Security identifiers: text `S-1-5-21-...` and the binary form ([MS-DTYP] 2.4.2). */
import { KerberosError } from '../errors.ts';

const MAX_SUB_AUTHORITIES = 15;

/** Text to bytes. @throws KerberosError `sid-malformed` */
export function encodeSid(text: string): Buffer {
  const match = /^S-1-(\d{1,15})((?:-\d{1,10}){1,15})$/.exec(text);
  const subs = match?.[2]?.slice(1).split('-').map(Number) ?? [];
  if (!match || subs.some((sub) => sub > 0xffffffff))
    throw new KerberosError(
      'sid-malformed',
      `"${text.slice(0, 80)}" is no security identifier (S-1-5-21-...).`,
    );
  const out = Buffer.alloc(8 + 4 * subs.length);
  out[0] = 1;
  out[1] = subs.length;
  out.writeUIntBE(Number(match[1]) % 2 ** 48, 2, 6);
  for (const [i, sub] of subs.entries()) out.writeUInt32LE(sub, 8 + 4 * i);
  return out;
}

/** Bytes to text; the bytes must be exactly one SID. @throws KerberosError `sid-malformed` */
export function decodeSid(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view[1] ?? 0;
  if (view[0] !== 1 || count > MAX_SUB_AUTHORITIES || view.length !== 8 + 4 * count)
    throw new KerberosError('sid-malformed', 'The bytes are no security identifier.');
  const subs = Array.from({ length: count }, (_, i) => view.readUInt32LE(8 + 4 * i));
  return `S-1-${view.readUIntBE(2, 6)}${subs.map((sub) => `-${sub}`).join('')}`;
}

/** Domain SID and RID of an account's SID. @throws KerberosError `sid-malformed` where there is no RID */
export function splitSid(text: string): { domainSid: string; rid: number } {
  encodeSid(text);
  const at = text.lastIndexOf('-');
  const domainSid = text.slice(0, at);
  encodeSid(domainSid);
  return { domainSid, rid: Number(text.slice(at + 1)) };
}
