/** Opens the AS-REP of a PRT answer: aes256-cts-hmac-sha1-96 (RFC 3961 section 5.1, RFC 3962) and the ASN.1 of RFC 4120. */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { down, elements } from './der.ts';

/** n-fold (RFC 3961 section 5.1) of `input` to `size` octets. */
export function nFold(input: Buffer, size: number): Buffer {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  const total = (input.length * size) / gcd(input.length, size);
  const bits = input.length * 8;
  const long = Buffer.alloc(total);
  for (let i = 0; i < total * 8; i++) {
    const copy = Math.floor(i / bits);
    const from = ((((i % bits) - 13 * copy) % bits) + bits) % bits; // each copy is turned right by 13 more
    const bit = ((input[from >> 3] ?? 0) >> (7 - (from & 7))) & 1;
    long[i >> 3] = (long[i >> 3] ?? 0) | (bit << (7 - (i & 7)));
  }
  const sum = Buffer.alloc(size);
  let carry = 0;
  const add = (at: number, octet: number) => {
    carry += (sum[at] ?? 0) + octet;
    sum[at] = carry & 0xff;
    carry >>= 8;
  };
  for (let part = 0; part < total; part += size) {
    for (let at = size - 1; at >= 0; at--) add(at, long[part + at] ?? 0);
    for (let at = size - 1; carry > 0; at = (at + size - 1) % size) add(at, 0); // carries go round
  }
  return sum;
}

const encrypt = (key: Buffer, block: Buffer) => {
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
};

/** DK(key, usage | octet): the constant encrypted again and again until there is enough. */
function derive(key: Buffer, usage: number, octet: number): Buffer {
  const constant = Buffer.from([0, 0, 0, usage, octet]);
  const first = encrypt(key, nFold(constant, 16));
  return Buffer.concat([first, encrypt(key, first)]);
}

/** CBC with ciphertext stealing, the last two blocks swapped (RFC 3962 section 5), IV of zero. */
function ctsDecrypt(key: Buffer, cipher: Buffer): Buffer {
  const decrypt = (block: Buffer) => {
    const ecb = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    return Buffer.concat([ecb.update(block), ecb.final()]);
  };
  const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((octet, i) => octet ^ (b[i] ?? 0)));
  const tail = cipher.length % 16 || 16;
  const cut = cipher.length - tail - 16;
  const plain: Buffer[] = [];
  let previous = Buffer.alloc(16);
  for (let at = 0; at < cut; at += 16) {
    const block = cipher.subarray(at, at + 16);
    plain.push(xor(decrypt(block), previous));
    previous = Buffer.from(block);
  }
  const [beforeLast, last] = [cipher.subarray(cut, cut + 16), cipher.subarray(cut + 16)];
  const mixed = decrypt(beforeLast);
  const end = xor(mixed.subarray(0, tail), last);
  const whole = Buffer.concat([last, mixed.subarray(tail)]);
  plain.push(xor(decrypt(whole), previous), end);
  return Buffer.concat(plain);
}

export function decryptEtype18(key: Buffer, usage: number, data: Buffer): Buffer {
  const [sealed, mac] = [data.subarray(0, -12), data.subarray(-12)];
  const plain = ctsDecrypt(derive(key, usage, 0xaa), sealed);
  const expected = createHmac('sha1', derive(key, usage, 0x55))
    .update(plain)
    .digest()
    .subarray(0, 12);
  if (!timingSafeEqual(mac, expected)) throw new Error('the checksum of the reply does not hold');
  return plain.subarray(16); // behind the confounder
}

export interface Tgt {
  realm: string;
  client: string;
  server: string;
  /** Its high half is the number of the read-only domain controller. */
  keyVersion: number;
  sessionKeyType: number;
  sessionKey: Buffer;
  endTime: string;
}

const SEQUENCE = 0x30;
const field = (n: number) => 0xa0 | n;
const names = (principal: Buffer) =>
  elements(down(principal, SEQUENCE, field(1), SEQUENCE))
    .map(({ value }) => value.toString())
    .join('/');
const integer = (data: Buffer) => {
  const { value } = elements(data)[0] ?? { value: Buffer.alloc(0) };
  return value.reduce((sum, octet) => sum * 256 + octet, 0);
};

/** @param message base64 of a DER AS-REP @param clientKey 32 octets, etype 18; the part is under key usage 3 */
export function openAsRep(message: string, clientKey: Buffer): Tgt {
  const reply = down(Buffer.from(message, 'base64'), 0x6b, SEQUENCE);
  const sealed = down(reply, field(6), SEQUENCE);
  if (integer(down(sealed, field(0))) !== 18) throw new Error('the reply is not under etype 18');
  const part = down(decryptEtype18(clientKey, 3, down(sealed, field(2), 0x04)), 0x79, SEQUENCE);
  const ticket = down(reply, field(5), 0x61, SEQUENCE);
  const key = down(part, field(0), SEQUENCE);
  return {
    realm: down(reply, field(3), 0x1b).toString(),
    client: names(down(reply, field(4))),
    server: names(down(ticket, field(2))),
    keyVersion: integer(down(ticket, field(3), SEQUENCE, field(1))),
    sessionKeyType: integer(down(key, field(0))),
    sessionKey: down(key, field(1), 0x04),
    endTime: down(part, field(7), 0x18).toString(),
  };
}
