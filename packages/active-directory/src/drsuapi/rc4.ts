/**
 * RC4, the stream cipher that [MS-DRSR] 4.1.10.6.11 prescribes (vectors: RFC 6229); OpenSSL 3 no longer offers it.
 * Broken as a cipher: only to read what a domain controller sends so, inside a connection that is sealed with AES.
 */

/** Encrypts and decrypts alike. @param key 1 to 256 bytes */
export function rc4(key: Uint8Array, input: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number) => state[i & 0xff] ?? 0;
  const swap = (i: number, j: number) => {
    [state[i], state[j]] = [at(j), at(i)];
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  const output = Buffer.alloc(input.length);
  for (let n = 0, i = 0, j = 0; n < input.length; n++) {
    i = (i + 1) & 0xff;
    j = (j + at(i)) & 0xff;
    swap(i, j);
    output[n] = (input[n] ?? 0) ^ at(at(i) + at(j));
  }
  state.fill(0);
  return output;
}
