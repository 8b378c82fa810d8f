/** Requests signed by a device key or under the session key, with jose as the peer. */
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { compactVerify, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { PrtError } from './errors.ts';
import {
  certificatesOf,
  parseJws,
  signJws,
  signWithSessionKey,
  verifyJws,
  verifyWithSessionKey,
} from './jws.ts';
import { deriveSessionKeyV1, deriveSessionKeyV2 } from './kdf.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const sessionKey = randomBytes(32);
const payload = { client_id: 'x', scope: 'openid aza', note: 'größer' };
const refused = expect.objectContaining({ code: 'bad-signature' });
const malformed = expect.objectContaining({ code: 'malformed-jws' });

test('jose verifies our RS256', async () => {
  const jws = signJws(privateKey, { x5c: 'AAAA', kdf_ver: 2 }, payload);
  const { protectedHeader } = await compactVerify(jws, publicKey);
  expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', x5c: 'AAAA', kdf_ver: 2 });
});

test('we verify the RS256 of jose, with padding and in the standard alphabet too', async () => {
  const jws = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  const parsed = parseJws(jws);
  verifyJws(parsed, publicKey);
  expect(parsed.payload).toEqual(payload);

  const signature = Buffer.from(parsed.signature).toString('base64');
  verifyJws(parseJws(`${jws.slice(0, jws.lastIndexOf('.'))}.${signature}`), publicKey);
});

test('the algorithm follows the key', async () => {
  const jws = await new SignJWT(payload).setProtectedHeader({ alg: 'PS256' }).sign(privateKey);
  expect(() => verifyJws(parseJws(jws), publicKey)).toThrowError(refused);
  expect(() => verifyJws(parseJws(signJws(privateKey, { alg: 'RS512' }, {})), publicKey)).toThrowError(
    refused,
  );
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`;
  expect(() => verifyJws(parseJws(none), publicKey)).toThrowError(refused);
  expect(() => verifyWithSessionKey(parseJws(signJws(privateKey, {}, {})), sessionKey)).toThrowError(
    malformed,
  );
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  expect(() => verifyJws(parseJws(signJws(other, {}, payload)), publicKey)).toThrowError(refused);
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  expect(() => verifyJws(parseJws(signJws(small.privateKey, {}, {})), small.publicKey)).toThrowError(refused);
});

test.each([1, 2] as const)('jose verifies our HS256 under key derivation %i', async (version) => {
  const jws = signWithSessionKey(sessionKey, payload, version);
  const { header, payloadBytes } = parseJws(jws);
  const ctx = Buffer.from(String(header.ctx), 'base64');
  const key =
    version === 1 ? deriveSessionKeyV1(sessionKey, ctx) : deriveSessionKeyV2(sessionKey, ctx, payloadBytes);
  await compactVerify(jws, key);
  expect(header.kdf_ver).toBe(version === 2 ? 2 : undefined);
  verifyWithSessionKey(parseJws(jws), sessionKey);
  expect(() => verifyWithSessionKey(parseJws(jws), randomBytes(32))).toThrowError(refused);
});

test('we verify the HS256 of jose with a context of 32 bytes, and of no other length', async () => {
  for (const [bytes, good] of [
    [32, true],
    [24, true],
    [23, false],
    [0, false],
  ] as const) {
    const ctx = randomBytes(bytes);
    const jws = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', ctx: ctx.toString('base64') })
      .sign(deriveSessionKeyV1(sessionKey, ctx));
    const verify = () => verifyWithSessionKey(parseJws(jws), sessionKey);
    if (good) expect(verify).not.toThrow();
    else expect(verify).toThrowError(malformed);
  }
});

test('an HMAC under another algorithm name is refused', () => {
  const { header } = parseJws(signWithSessionKey(sessionKey, {}, 1));
  const ctx = Buffer.from(String(header.ctx), 'base64');
  const named = Buffer.from(JSON.stringify({ ...header, alg: 'RS256' })).toString('base64url');
  const signature = createHmac('sha256', deriveSessionKeyV1(sessionKey, ctx))
    .update(`${named}.e30`)
    .digest('base64url');
  expect(() => verifyWithSessionKey(parseJws(`${named}.e30.${signature}`), sessionKey)).toThrowError(refused);
});

test('a changed payload is refused', () => {
  for (const jws of [signJws(privateKey, {}, payload), signWithSessionKey(sessionKey, payload)]) {
    const [header, , signature] = jws.split('.');
    const forged = `${header}.${Buffer.from('{"scope":"all"}').toString('base64url')}.${signature}`;
    const check = (text: string) => {
      const parsed = parseJws(text);
      if (parsed.header.alg === 'RS256') verifyJws(parsed, publicKey);
      else verifyWithSessionKey(parsed, sessionKey);
    };
    check(jws);
    expect(() => check(forged)).toThrowError(refused);
  }
});

test('anything that is not a JWS is refused, never a crash', () => {
  const jws = signJws(privateKey, {}, payload);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.nat(jws.length - 1).map((n) => jws.slice(0, n)),
      ),
      (text) => {
        try {
          verifyJws(parseJws(text), publicKey);
        } catch (error) {
          expect(error).toBeInstanceOf(PrtError);
          return;
        }
        throw new Error('accepted');
      },
    ),
  );
  expect(() => parseJws(`${jws}.`)).toThrowError(malformed);
  const long = signJws(privateKey, {}, { note: 'a'.repeat(60_000) });
  expect(() => parseJws(long)).toThrowError(malformed);
  expect(parseJws(long, long.length).payload.note).toHaveLength(60_000);
});

test('x5c may be a string or an array', () => {
  const der = randomBytes(700);
  const text = der.toString('base64');
  expect(certificatesOf({ x5c: text })).toEqual([der]);
  expect(certificatesOf({ x5c: [text, text] })).toEqual([der, der]);
  for (const x5c of [undefined, [], 5, [5], 'a b', Array(9).fill(text)]) {
    expect(() => certificatesOf({ x5c })).toThrowError(malformed);
  }
});
