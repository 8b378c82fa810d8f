/** The session key: how it arrives, what is derived from it, and what is under it. */
import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import type { Flavour } from './flavour.ts';

/** SP800-108 in counter mode with HMAC-SHA256, 256 bits. */
export function derivedKey(sessionKey: Buffer, context: Buffer): Buffer {
  return createHmac('sha256', sessionKey)
    .update(Buffer.from([0, 0, 0, 1]))
    .update('AzureAD-SecureConversation')
    .update(Buffer.from([0]))
    .update(context)
    .update(Buffer.from([0, 0, 1, 0]))
    .digest();
}

/** Version 2 binds the context to the payload. */
export const contextOf = (kdf: 1 | 2, ctx: Buffer, payload: string): Buffer =>
  kdf === 1 ? ctx : createHash('sha256').update(ctx).update(payload).digest();

/** The content encryption key itself is the session key. */
export function receivedSessionKey(transportKey: KeyObject, jwe: string): Buffer {
  const [header = '', encryptedKey = ''] = jwe.split('.');
  const { enc, alg } = JSON.parse(Buffer.from(header, 'base64url').toString());
  if (enc !== 'A256GCM' || alg !== 'RSA-OAEP') throw new Error(`the session key is under ${alg} and ${enc}`);
  const key = privateDecrypt(
    { key: transportKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(encryptedKey, 'base64url'),
  );
  if (key.length !== 32) throw new Error(`a session key of ${key.length} octets`);
  return key;
}

/** Opens a JWE under the session key as this client reads it. */
export function opened(sessionKey: Buffer, jwe: string, { content }: Flavour): Buffer {
  const parts = jwe.split('.');
  if (parts.length !== 5) throw new Error('not a compact JWE');
  const [header = '', encryptedKey, iv64 = '', sealed = '', tag = ''] = parts;
  const { alg, ctx } = JSON.parse(Buffer.from(header, 'base64url').toString());
  if (alg !== 'dir' || encryptedKey !== '') throw new Error('not under the session key itself');
  const key = derivedKey(sessionKey, Buffer.from(ctx, 'base64'));
  const [iv, data] = [Buffer.from(iv64, 'base64url'), Buffer.from(sealed, 'base64url')];
  const gcm = iv.length === 12;
  if (content === 'CBC' && gcm) throw new Error('this client knows CBC only');
  if (content === 'GCM' && !gcm) throw new Error('this client knows GCM only');
  if (!gcm) {
    const cbc = createDecipheriv('aes-256-cbc', key, iv);
    return Buffer.concat([cbc.update(data), cbc.final()]);
  }
  const decipher = createDecipheriv('aes-256-gcm', key, iv);
  decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'));
  return Buffer.concat([decipher.update(data), decipher.final()]);
}

/** A request signed under the session key (HS256). */
export function signed(sessionKey: Buffer, payload: object, { kdf, base64 }: Flavour, header = {}): string {
  const ctx = randomBytes(24);
  const body = JSON.stringify(payload);
  const head = { alg: 'HS256', ctx: ctx.toString('base64'), typ: 'JWT', ...(kdf === 2 && { kdf_ver: 2 }) };
  const text = [JSON.stringify({ ...head, ...header }), body]
    .map((part) => Buffer.from(part).toString(base64))
    .join('.');
  const mac = createHmac('sha256', derivedKey(sessionKey, contextOf(kdf, ctx, body))).update(text);
  return `${text}.${mac.digest(base64)}`;
}
