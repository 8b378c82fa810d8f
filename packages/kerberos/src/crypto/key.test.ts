/** Vectors of RFC 3961 appendix A.1, RFC 3962 appendix B, and properties of the whole encryption. */
import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Key } from './key.ts';
import { nFold } from './rfc3961.ts';
import { decryptCts, encryptCts, stringToKey } from './rfc3962.ts';

const vectors = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'));
const hex = (text: string) => Buffer.from(text, 'hex');

describe('RFC 3961 n-fold', () => {
  const rows = vectors<{ input: string; bits: number; output: string }[]>('rfc3961/n-fold.json');
  it.each(rows)('$bits-fold of "$input"', ({ input, bits, output }) => {
    expect(Buffer.from(nFold(Buffer.from(input, 'utf8'), bits / 8)).toString('hex')).toBe(output);
  });
});

describe('RFC 3962', () => {
  const { stringToKey: keys, cts } = vectors<{
    stringToKey: {
      password: string;
      salt: string;
      saltHex?: string;
      iterations: number;
      aes128: string;
      aes256: string;
    }[];
    cts: { key: string; input: string; output: string }[];
  }>('rfc3962/aes.json');

  it.each(keys)(
    'string-to-key, $iterations iterations, salt $salt',
    ({ password, salt, saltHex, iterations, aes128, aes256 }) => {
      const bytes = saltHex ? hex(saltHex) : Buffer.from(salt);
      expect(stringToKey(password, bytes, 16, iterations).toString('hex')).toBe(aes128);
      expect(stringToKey(password, bytes, 32, iterations).toString('hex')).toBe(aes256);
    },
  );

  it.each(cts)('CBC with ciphertext stealing of $input', ({ key, input, output }) => {
    expect(encryptCts(createSecretKey(hex(key)), hex(input)).toString('hex')).toBe(output);
    expect(decryptCts(createSecretKey(hex(key)), hex(output)).toString('hex')).toBe(input);
  });
});

describe('Key', () => {
  const key = Key.random();

  it('decrypts what it encrypted, at every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 30 }), (plaintext, usage) => {
        expect(Uint8Array.from(key.decrypt(usage, key.encrypt(usage, plaintext)))).toEqual(plaintext);
      }),
    );
  });

  it('refuses another key, another usage and any changed byte', () => {
    const ciphertext = key.encrypt(2, Buffer.from('a ticket'));
    expect(() => Key.random().decrypt(2, ciphertext)).toThrow(/does not belong/);
    expect(() => key.decrypt(3, ciphertext)).toThrow(/does not belong/);
    for (let i = 0; i < ciphertext.length; i++) {
      const changed = Buffer.from(ciphertext);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => key.decrypt(2, changed)).toThrow(/does not belong/);
    }
    for (let length = 0; length < ciphertext.length; length++)
      expect(() => key.decrypt(2, ciphertext.subarray(0, length))).toThrow();
  });

  it('refuses etypes that it does not have', () => {
    expect(() => new Key(23, new Uint8Array(16))).toThrow(/not supported/);
    expect(() => new Key(18, new Uint8Array(16))).toThrow(/not supported/);
  });
});
