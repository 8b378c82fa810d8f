/**
 * Messages under the session key: a compact JWE (RFC 7516) with `alg` dir whose key is derived from the header's
 * `ctx`, always by version 1 ([MS-OAPXBC] 3.2.5.1.3). Brokers read the content as AES-256-CBC with PKCS #7
 * padding although the header says A256GCM; our own device reads true GCM. The length of the IV tells them
 * apart. CBC has no integrity of its own (its tag is filler), and rests on the TLS around it.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { encodeBase64, encodeBase64Url } from './base64.ts';
import { decodePart, parseJsonObject, splitCompact } from './compact.ts';
import { PrtError } from './errors.ts';
import { deriveSessionKeyV1 } from './kdf.ts';
import { CONTEXT_BYTES, LIMITS } from './registry.ts';

const GCM_IV_BYTES = 12;
const CBC_IV_BYTES = 16;
const TAG_BYTES = 16;

/**
 * Encrypts under the session key.
 *
 * @param mode `gcm` for our own device, `cbc` for the existing brokers
 * @returns the compact JWE
 */
export function encryptWithSessionKey(
  sessionKey: Uint8Array,
  plaintext: Uint8Array,
  mode: 'gcm' | 'cbc',
): string {
  const ctx = randomBytes(CONTEXT_BYTES);
  const key = createSecretKey(deriveSessionKeyV1(sessionKey, ctx)); // costs less than the bytes themselves
  const header = encodeBase64Url(
    Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', ctx: encodeBase64(ctx), kid: 'session' })),
  );
  const finish = (iv: Uint8Array, content: Uint8Array, tag: Uint8Array) =>
    [header, '', ...[iv, content, tag].map(encodeBase64Url)].join('.');
  if (mode === 'cbc') {
    const iv = randomBytes(CBC_IV_BYTES);
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    return finish(iv, Buffer.concat([cipher.update(plaintext), cipher.final()]), randomBytes(TAG_BYTES));
  }
  const iv = randomBytes(GCM_IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
  return finish(iv, Buffer.concat([cipher.update(plaintext), cipher.final()]), cipher.getAuthTag());
}

function decrypt(
  key: Uint8Array,
  iv: Uint8Array,
  content: Uint8Array,
  tag: Uint8Array,
  header: string,
): Uint8Array {
  if (iv.length === CBC_IV_BYTES) {
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return Buffer.concat([decipher.update(content), decipher.final()]);
  }
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(header)).setAuthTag(tag);
  return Buffer.concat([decipher.update(content), decipher.final()]);
}

/**
 * Decrypts a JWE under the session key, in either mode.
 *
 * @throws PrtError malformed-jwe, or decryption-failed (one message for every cause)
 */
export function decryptWithSessionKey(sessionKey: Uint8Array, jwe: string): Uint8Array {
  const [header = '', empty, ...rest] = splitCompact(jwe, 5, LIMITS.jwe, 'malformed-jwe');
  const { alg, enc, ctx } = parseJsonObject(decodePart(header, 'malformed-jwe'), 'malformed-jwe');
  const [iv, content, tag] = rest.map((text) => decodePart(text, 'malformed-jwe'));
  const context = typeof ctx === 'string' ? decodePart(ctx, 'malformed-jwe') : new Uint8Array();
  if (alg !== 'dir' || enc !== 'A256GCM' || empty !== '' || ![CONTEXT_BYTES, 32].includes(context.length)) {
    throw new PrtError('malformed-jwe', 'The answer is encrypted in a way that is not supported.', {
      alg,
      enc,
    });
  }
  const knownIv = iv?.length === GCM_IV_BYTES || iv?.length === CBC_IV_BYTES;
  if (!iv || !knownIv || !content || !tag || (iv.length === GCM_IV_BYTES && tag.length !== TAG_BYTES)) {
    throw new PrtError('malformed-jwe', 'The encrypted answer has a part of the wrong length.');
  }
  try {
    return decrypt(deriveSessionKeyV1(sessionKey, context), iv, content, tag, header);
  } catch (error) {
    if (error instanceof PrtError) throw error;
    throw new PrtError(
      'decryption-failed',
      'The answer was not encrypted with this session key; sign in again.',
    );
  }
}
