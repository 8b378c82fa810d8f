/** RFC 3961: n-fold, and the key derivation of its simplified profile for AES (section 5.1). */
import { createCipheriv, createSecretKey } from 'node:crypto';
import { KerberosError } from '../errors.ts';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** n-fold (section 5.1): stretches or shrinks `input` to `size` bytes. */
export function nFold(input: Uint8Array, size: number): Uint8Array {
  const inputBits = input.length * 8;
  const total = (input.length * size) / gcd(input.length, size);
  const out = new Uint8Array(size);
  let carry = 0;
  for (let i = total - 1; i >= 0; i--) {
    // The bit of `input` at which byte i of the rotated concatenation begins (13 bits right per repetition).
    const msbit =
      (inputBits -
        1 +
        (inputBits + 13) * Math.floor(i / input.length) +
        (input.length - (i % input.length)) * 8) %
      inputBits;
    const high = input[(input.length - 1 - (msbit >>> 3)) % input.length] ?? 0;
    const low = input[(input.length - (msbit >>> 3)) % input.length] ?? 0;
    carry += (((low | (high << 8)) >>> ((msbit & 7) + 1)) & 0xff) + (out[i % size] ?? 0);
    out[i % size] = carry & 0xff;
    carry >>>= 8;
  }
  for (let i = size - 1; carry > 0 && i >= 0; i--) {
    carry += out[i] ?? 0;
    out[i] = carry & 0xff;
    carry >>>= 8;
  }
  return out;
}

const FOLDED = new Map<string, Uint8Array>();

/** The constant of a derivation, folded to an AES block; usages are few, so each is folded once. */
function foldedConstant(constant: Uint8Array): Uint8Array {
  const id = Buffer.from(constant).toString('latin1');
  let folded = FOLDED.get(id);
  if (!folded) {
    folded = nFold(constant, 16);
    if (FOLDED.size < 256) FOLDED.set(id, folded);
  }
  return folded;
}

/**
 * DK(base key, constant) for AES-128 (16 bytes) and AES-256 (32 bytes). CBC with a zero IV over the folded
 * constant and a zero block yields E(c) and E(E(c)), which is DR of section 5.1, in one cipher operation.
 */
export function deriveKey(baseKey: Uint8Array, constant: Uint8Array): Buffer {
  if (baseKey.length !== 16 && baseKey.length !== 32)
    throw new KerberosError('etype-unsupported', 'An AES key has 16 or 32 bytes.');
  const name = baseKey.length === 32 ? 'aes-256-cbc' : 'aes-128-cbc';
  const cipher = createCipheriv(name, createSecretKey(baseKey), ZERO_BLOCK);
  cipher.setAutoPadding(false);
  const input = Buffer.alloc(baseKey.length);
  input.set(foldedConstant(constant));
  return cipher.update(input);
}

export const ZERO_BLOCK: Uint8Array = new Uint8Array(16);

/** The derivation constant of a key usage: the number in four bytes, then 0x99 (Kc), 0xAA (Ke) or 0x55 (Ki). */
export function usageConstant(usage: number, kind: 'checksum' | 'encryption' | 'integrity'): Uint8Array {
  const constant = Buffer.alloc(5);
  constant.writeUInt32BE(usage);
  constant[4] = kind === 'checksum' ? 0x99 : kind === 'encryption' ? 0xaa : 0x55;
  return constant;
}
