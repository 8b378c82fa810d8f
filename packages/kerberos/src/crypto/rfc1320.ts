/** RFC 1320: MD4, which OpenSSL 3 no longer offers. Only for the NT hash of a password ([MS-NLMP] 3.3.1). */

const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));

/** Per round: the mixing function, its constant, the order of the words and the four shifts (section 3.4). */
const ROUNDS = [
  {
    mix: (x: number, y: number, z: number) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x: number, y: number, z: number) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
] as const;

/** MD4 of the bytes: 16 bytes. */
export function md4(input: Uint8Array): Buffer {
  const padded = Buffer.alloc(((input.length + 8) >> 6) * 64 + 64);
  padded.set(input);
  padded[input.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(input.length) * 8n, padded.length - 8);
  let [a, b, c, d] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    const before = [a, b, c, d] as const;
    for (const { mix, add, order, shifts } of ROUNDS) {
      for (const [i, word] of order.entries()) {
        const sum = (a + mix(b, c, d) + padded.readUInt32LE(block + 4 * word) + add) | 0;
        [a, b, c, d] = [d, rotate(sum, shifts[i & 3] ?? 0), b, c];
      }
    }
    [a, b, c, d] = [(a + before[0]) | 0, (b + before[1]) | 0, (c + before[2]) | 0, (d + before[3]) | 0];
  }
  const out = Buffer.alloc(16);
  for (const [i, word] of [a, b, c, d].entries()) out.writeInt32LE(word, 4 * i);
  return out;
}

/** The NT hash: MD4 of the password in UTF-16LE. */
export const ntHash = (password: string): Buffer => md4(Buffer.from(password, 'utf16le'));
