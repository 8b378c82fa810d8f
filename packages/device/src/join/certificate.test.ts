/** The certificate request as others read it, and certificates that are not what was asked for. */
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { beforeAll, expect, test } from 'vitest';
import { failing } from '../../test/world.ts';
import { certificateRequest, deviceIdOf, type KeyPair, newKeyPair, thumbprintOf } from './certificate.ts';

const ID = '0b3e1f6a-95c5-4d0e-8a53-6a1c2f7d9e10';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
let keys: KeyPair;
let other: KeyPair;
beforeAll(async () => {
  keys = await newKeyPair();
  other = await newKeyPair();
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
  const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(await certificateRequest(keys)));
  expect(request.subject).toBe('CN=7E980AD9-B86D-4306-9425-9AC066FB014A');
  expect(await request.verify()).toBe(true);
  const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  expect(key.equals(keys.publicKey)).toBe(true);
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
});

test('the device id is read from a certificate for our key', async () => {
  const der = await certificateFor(keys);
  expect(deviceIdOf(der, thumbprintOf(der), keys.privateKey)).toBe(ID);
  expect(deviceIdOf(der, thumbprintOf(der).toLowerCase(), keys.privateKey)).toBe(ID);
});

test('a certificate that was not asked for is refused', async () => {
  const refused = (der: Uint8Array, thumbprint = thumbprintOf(der)) =>
    expect(() => deviceIdOf(der, thumbprint, keys.privateKey)).toThrow(failing('tenant-answer-malformed'));
  refused(await certificateFor(other));
  refused(await certificateFor(keys, 'CN=somebody'));
  refused(await certificateFor(keys, `CN=${ID}, O=more`));
  refused(await certificateFor(keys), '0'.repeat(40));
  refused((await certificateFor(keys)).subarray(0, 400));
  refused(new Uint8Array());
});
