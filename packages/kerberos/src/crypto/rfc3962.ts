/** RFC 3962: AES in CBC mode with ciphertext stealing, and string-to-key. */
import { createCipheriv, createDecipheriv, type KeyObject, pbkdf2Sync } from 'node:crypto';
import { KerberosError } from '../errors.ts';
import { deriveKey, ZERO_BLOCK } from './rfc3961.ts';

const BLOCK = 16;
const name = (key: KeyObject, mode: 'cbc' | 'ecb') => `aes-${(key.symmetricKeySize ?? 0) * 8}-${mode}`;

function crypt(
  key: KeyObject,
  mode: 'cbc' | 'ecb',
  direction: 'encrypt' | 'decrypt',
  input: Uint8Array,
): Buffer {
  const iv = mode === 'cbc' ? ZERO_BLOCK : null;
  const cipher =
    direction === 'encrypt'
      ? createCipheriv(name(key, mode), key, iv)
      : createDecipheriv(name(key, mode), key, iv);
  cipher.setAutoPadding(false);
  return cipher.update(input);
}

/** AES-CBC-CTS with a zero IV (section 5, CBC-CS3 of SP 800-38A Addendum): at least one block; output as long as input. */
export function encryptCts(key: KeyObject, plaintext: Uint8Array): Buffer {
  const length = plaintext.length;
  if (length < BLOCK)
    throw new KerberosError('value-out-of-range', 'Ciphertext stealing needs at least one block.');
  if (length === BLOCK) return crypt(key, 'cbc', 'encrypt', plaintext);
  const blocks = Math.ceil(length / BLOCK);
  const padded = Buffer.alloc(blocks * BLOCK);
  padded.set(plaintext);
  const cbc = crypt(key, 'cbc', 'encrypt', padded);
  const split = (blocks - 2) * BLOCK;
  const last = Buffer.from(cbc.subarray(split + BLOCK));
  cbc.copyWithin(split + BLOCK, split, split + BLOCK);
  cbc.set(last, split);
  return cbc.subarray(0, length);
}

/** The reverse of `encryptCts`. */
export function decryptCts(key: KeyObject, ciphertext: Uint8Array): Buffer {
  const length = ciphertext.length;
  if (length < BLOCK)
    throw new KerberosError('integrity-check-failed', 'The ciphertext is shorter than one block.');
  if (length === BLOCK) return crypt(key, 'cbc', 'decrypt', ciphertext);
  const split = (Math.ceil(length / BLOCK) - 2) * BLOCK;
  const full = ciphertext.subarray(split, split + BLOCK); // the last block of plain CBC
  const tail = ciphertext.subarray(split + BLOCK); // the stolen-from block, cut
  const cbc = Buffer.alloc(split + 2 * BLOCK);
  cbc.set(ciphertext.subarray(0, split));
  cbc.set(tail, split);
  if (tail.length < BLOCK)
    cbc.set(crypt(key, 'ecb', 'decrypt', full).subarray(tail.length), split + tail.length);
  cbc.set(full, split + BLOCK);
  return crypt(key, 'cbc', 'decrypt', cbc).subarray(0, length);
}

/**
 * string-to-key (section 4): PBKDF2-HMAC-SHA1, then DK with "kerberos".
 * @param size key bytes, 16 or 32
 */
export function stringToKey(
  password: string,
  salt: Uint8Array | string,
  size: 16 | 32,
  iterations = 4096,
): Buffer {
  return deriveKey(pbkdf2Sync(password, salt, iterations, size, 'sha1'), Buffer.from('kerberos'));
}
