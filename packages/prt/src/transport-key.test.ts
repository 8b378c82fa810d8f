/** The transport key's blob, whose layout is built here by hand from [MS-DVRJ], and its JWK form. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { exportJWK } from 'jose';
import { expect, test } from 'vitest';
import { PrtError } from './errors.ts';
import { encodeTransportKey, parseTransportKey } from './transport-key.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');

function blob(fields: number[], exponent: Buffer, n: Buffer): string {
  const numbers = Buffer.from(Uint32Array.from(fields).buffer); // little-endian on every machine of ours
  return Buffer.concat([Buffer.from('RSA1'), numbers, exponent, n]).toString('base64');
}
const F4 = Buffer.from('010001', 'hex');
const good = blob([2048, 3, 256, 0, 0], F4, modulus);
const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64');

test('writes the blob as specified, of either part of the pair', () => {
  expect(encodeTransportKey(publicKey)).toBe(good);
  expect(encodeTransportKey(privateKey)).toBe(good);
  expect(Buffer.from(good, 'base64')).toHaveLength(283);
});

test('reads the blob and the JWK of jose', async () => {
  expect(parseTransportKey(good).equals(publicKey)).toBe(true);
  expect(parseTransportKey(b64(await exportJWK(publicKey))).equals(publicKey)).toBe(true);
});

test('takes no other key, no primes, no lengths that lie', async () => {
  const even = Buffer.from(modulus);
  even[255] = (even[255] ?? 0) & 0xfe;
  const bad = [
    blob([2048, 3, 256, 128, 128], F4, Buffer.concat([modulus, modulus])),
    blob([2048, 3, 256, 1, 0], F4, modulus),
    blob([1024, 3, 256, 0, 0], F4, modulus),
    blob([2048, 3, 255, 0, 0], F4, modulus),
    blob([2048, 3, 0xffff_ffff, 0, 0], F4, modulus),
    blob([1024, 3, 128, 0, 0], F4, modulus.subarray(128)),
    blob([2048, 1, 256, 0, 0], Buffer.from([3]), modulus),
    blob([2048, 3, 256, 0, 0], F4, even),
    blob([2048, 3, 256, 0, 0], F4, Buffer.from(modulus).fill(0, 0, 1)),
    b64(await exportJWK(privateKey)),
    b64({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }),
    b64({ kty: 'RSA', n: 5, e: 'AQAB' }),
    b64({ ...(await exportJWK(publicKey)), kty: 'oct' }),
    b64([]),
    'bm90IGEga2V5',
    'RSA1',
    Buffer.concat([Buffer.from(good, 'base64'), Buffer.of(0)]).toString('base64'),
    'A'.repeat(100_000),
  ];
  for (const text of bad) expect(() => parseTransportKey(text)).toThrowError(PrtError);
  expect(() =>
    encodeTransportKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
  ).toThrowError(PrtError);
});

test('every shorter blob is refused', () => {
  const bytes = Buffer.from(good, 'base64');
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parseTransportKey(bytes.toString('base64', 0, length))).toThrowError(PrtError);
  }
});

test('whatever is sent, it is a key of 2048 bits or an error of ours', () => {
  const mutated = fc.tuple(fc.nat(282), fc.nat(255)).map(([at, value]) =>
    Buffer.from(good, 'base64')
      .fill(value, at, at + 1)
      .toString('base64'),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), mutated), (text) => {
      try {
        expect(parseTransportKey(text).asymmetricKeyDetails?.modulusLength).toBe(2048);
      } catch (error) {
        expect(error).toBeInstanceOf(PrtError);
      }
    }),
  );
});
