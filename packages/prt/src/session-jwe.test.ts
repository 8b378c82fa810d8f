/** Messages under the session key, with jose as the peer for true GCM. */
import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { PrtError } from './errors.ts';
import { deriveSessionKeyV1 } from './kdf.ts';
import { decryptWithSessionKey, encryptWithSessionKey } from './session-jwe.ts';

const sessionKey = randomBytes(32);
const text = Buffer.from('{"token_type":"Bearer"}');

test('jose reads our GCM', async () => {
  const jwe = encryptWithSessionKey(sessionKey, text, 'gcm');
  const { ctx } = decodeProtectedHeader(jwe);
  const key = deriveSessionKeyV1(sessionKey, Buffer.from(String(ctx), 'base64'));
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, key);
  expect(Buffer.from(plaintext)).toEqual(text);
  expect(protectedHeader).toMatchObject({ alg: 'dir', enc: 'A256GCM', kid: 'session' });
  expect(Buffer.from(String(ctx), 'base64')).toHaveLength(24);
});

test('we read the GCM of jose', async () => {
  const ctx = randomBytes(24);
  const jwe = await new CompactEncrypt(text)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ctx: ctx.toString('base64') })
    .encrypt(deriveSessionKeyV1(sessionKey, ctx));
  expect(decryptWithSessionKey(sessionKey, jwe)).toEqual(text);
});

test('writes CBC as the existing brokers read it', () => {
  const jwe = encryptWithSessionKey(sessionKey, text, 'cbc');
  const [header = '', key, iv = '', content = '', tag] = jwe.split('.');
  const { ctx } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const derived = deriveSessionKeyV1(sessionKey, Buffer.from(ctx, 'base64'));
  const decipher = createDecipheriv('aes-256-cbc', derived, Buffer.from(iv, 'base64url'));
  const read = Buffer.concat([decipher.update(Buffer.from(content, 'base64url')), decipher.final()]);
  expect({ key, read, tag: tag?.length }).toEqual({ key: '', read: text, tag: 22 });
});

test('whatever the text, it comes back in both modes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.constantFrom('gcm', 'cbc'), (plaintext, mode) => {
      const read = decryptWithSessionKey(sessionKey, encryptWithSessionKey(sessionKey, plaintext, mode));
      expect(Buffer.from(read).equals(plaintext)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('another session key does not open it', () => {
  for (const mode of ['gcm', 'cbc'] as const) {
    const jwe = encryptWithSessionKey(sessionKey, Buffer.alloc(64), mode);
    let read: Uint8Array | undefined;
    try {
      read = decryptWithSessionKey(randomBytes(32), jwe);
    } catch (error) {
      expect(error).toMatchObject({ code: 'decryption-failed' });
    }
    // Without integrity, one wrong CBC key in 256 ends in something that looks like padding.
    if (mode === 'gcm') expect(read).toBeUndefined();
    else expect(read ?? Buffer.alloc(0)).not.toEqual(Buffer.alloc(64));
  }
});

test('a GCM message that was changed or cut anywhere is refused', () => {
  const jwe = encryptWithSessionKey(sessionKey, text, 'gcm');
  for (let length = 0; length < jwe.length; length++) {
    expect(() => decryptWithSessionKey(sessionKey, jwe.slice(0, length))).toThrowError(PrtError);
  }
  const parts = jwe.split('.');
  for (const index of [0, 2, 3, 4]) {
    const changed = parts.map((part, i) =>
      i === index ? `${part.slice(0, 5)}${part[5] === 'A' ? 'B' : 'A'}${part.slice(6)}` : part,
    );
    expect(() => decryptWithSessionKey(sessionKey, changed.join('.'))).toThrowError(PrtError);
  }
});

test('other headers and a wrapped key are refused', () => {
  const jwe = encryptWithSessionKey(sessionKey, text, 'gcm');
  const [, ...rest] = jwe.split('.');
  expect(() => decryptWithSessionKey(sessionKey, jwe.replace('..', '.AAAA.'))).toThrowError(PrtError);
  const ctx = randomBytes(24).toString('base64');
  const headers = [
    { alg: 'dir', enc: 'A128GCM', ctx },
    { alg: 'RSA-OAEP', enc: 'A256GCM', ctx },
    { alg: 'dir', enc: 'A256GCM' },
    { alg: 'dir', enc: 'A256GCM', ctx: 'AAAA' },
    [1],
    null,
  ];
  for (const header of headers) {
    const jwe = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
    expect(() => decryptWithSessionKey(sessionKey, jwe)).toThrowError(
      expect.objectContaining({ code: 'malformed-jwe' }),
    );
  }
});
