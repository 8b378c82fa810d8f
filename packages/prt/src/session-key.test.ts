/** Wrapping the session key, with jose as the peer. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { expect, test } from 'vitest';
import { PrtError } from './errors.ts';
import { unwrapSessionKey, wrapSessionKey } from './session-key.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

test('jose reads what we wrap, and the content is one space', async () => {
  const { jwe } = await wrapSessionKey(publicKey);
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, privateKey);
  expect(Buffer.from(plaintext).toString()).toBe(' ');
  expect(protectedHeader).toEqual({ alg: 'RSA-OAEP', enc: 'A256GCM' });
});

test('we find the content encryption key that jose used', async () => {
  const sessionKey = randomBytes(32);
  const jwe = await new CompactEncrypt(Uint8Array.of(0x20))
    .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM' })
    .setContentEncryptionKey(sessionKey)
    .encrypt(publicKey);
  expect(Buffer.from(unwrapSessionKey(privateKey, jwe))).toEqual(sessionKey);
});

test('the device unwraps the key that the tenant made', async () => {
  const { sessionKey, jwe } = await wrapSessionKey(publicKey);
  const other = await wrapSessionKey(privateKey);
  expect(unwrapSessionKey(privateKey, jwe)).toEqual(sessionKey);
  expect(other.sessionKey).not.toEqual(sessionKey);
});

test('another device cannot, and learns nothing more', async () => {
  const { sessionKey, jwe } = await wrapSessionKey(publicKey);
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const thrown = expect.objectContaining({ code: 'decryption-failed' });
  expect(() => unwrapSessionKey(other, jwe)).toThrowError(thrown);
  try {
    unwrapSessionKey(other, jwe);
  } catch (error) {
    expect(JSON.stringify(error)).not.toContain(Buffer.from(sessionKey).toString('hex'));
  }
});

test('cut or foreign JWEs are refused', async () => {
  const { jwe } = await wrapSessionKey(publicKey);
  const parts = jwe.split('.');
  for (const [index, part] of parts.entries()) {
    for (const shorter of ['', part.slice(0, -1), part.slice(4), `${part}AAAA`]) {
      const changed = parts.with(index, shorter).join('.');
      expect(() => unwrapSessionKey(privateKey, changed)).toThrowError(PrtError);
    }
  }
  const oaep256 = await new CompactEncrypt(Uint8Array.of(0x20))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(publicKey);
  expect(() => unwrapSessionKey(privateKey, oaep256)).toThrowError(
    expect.objectContaining({ code: 'malformed-jwe' }),
  );
  expect(() => unwrapSessionKey(privateKey, 'a.'.repeat(1_000_000))).toThrowError(PrtError);
});
