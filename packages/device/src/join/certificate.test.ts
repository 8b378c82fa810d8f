/** The certificate request as others read it, and certificates that are not what was asked for. */
import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, sign, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { beforeAll, expect, test } from 'vitest';
import { failing } from '../../test/world.ts';
import type { SigningKey } from '../keys/device-keys.ts';
import { certificateRequest, computerCertificate, deviceIdOf, thumbprintOf } from './certificate.ts';

const ID = '0b3e1f6a-95c5-4d0e-8a53-6a1c2f7d9e10';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
type KeyPair = ReturnType<typeof keyPair>;
let keys: KeyPair;
let other: KeyPair;
let signing: SigningKey;
beforeAll(() => {
  keys = keyPair();
  other = keyPair();
  const { publicKey, privateKey } = keys;
  signing = { publicKey, sign: async (data) => sign('sha256', data, privateKey) };
});

/** A certificate for these keys, signed by themselves. */
async function certificateFor({ publicKey, privateKey }: KeyPair, name = `CN=${ID}`): Promise<Uint8Array> {
  const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }));
  const pkcs8 = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    signingAlgorithm: RSA,
    keys: {
      publicKey: await webcrypto.subtle.importKey('spki', spki, RSA, true, ['verify']),
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, RSA, false, ['sign']),
    },
  });
  return new Uint8Array(certificate.rawData);
}

test('the request is for RSA-2048, and signed by the key that it is for', async () => {
  const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(await certificateRequest(signing)));
  expect(request.subject).toBe('CN=7E980AD9-B86D-4306-9425-9AC066FB014A');
  expect(await request.verify()).toBe(true);
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  expect(key.equals(keys.publicKey)).toBe(true);
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
});

test("a computer's own certificate is of RSA-2048, signed by itself, and of ten years", async () => {
  const now = new Date('2026-07-01T12:00:00Z');
  const certificate = new X509Certificate(await computerCertificate(signing, ID, now));
  expect([certificate.subject, certificate.issuer]).toEqual([`CN=${ID}`, `CN=${ID}`]);
  expect(certificate.verify(keys.publicKey)).toBe(true);
  expect(certificate.publicKey.equals(keys.publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.validFromDate.toISOString()).toBe('2026-07-01T11:30:00.000Z');
  expect(certificate.validToDate.toISOString()).toBe('2036-06-28T12:00:00.000Z');
});

test('the device id is read from a certificate for our key', async () => {
  const der = await certificateFor(keys);
  expect(deviceIdOf(der, thumbprintOf(der), keys.publicKey)).toBe(ID);
  expect(deviceIdOf(der, thumbprintOf(der).toLowerCase(), keys.publicKey)).toBe(ID);
});

test('a certificate that was not asked for is refused', async () => {
  const refused = (der: Uint8Array, thumbprint = thumbprintOf(der)) =>
    expect(() => deviceIdOf(der, thumbprint, keys.publicKey)).toThrow(failing('tenant-answer-malformed'));
  refused(await certificateFor(other));
  refused(await certificateFor(keys, 'CN=somebody'));
  refused(await certificateFor(keys, `CN=${ID}, O=more`));
  refused(await certificateFor(keys), '0'.repeat(40));
  refused((await certificateFor(keys)).subarray(0, 400));
  refused(new Uint8Array());
});
