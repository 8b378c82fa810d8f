/** The device's keys, its certificate request (PKCS #10, RFC 2986) and the check of the certificate that comes back. */
import 'reflect-metadata';
import { createHash, generateKeyPair, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { DEVICE_CSR_COMMON_NAME } from '@kennel/prt';
import * as x509 from '@peculiar/x509';
import { DeviceError } from '../errors/device-error.ts';

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const MODULUS_BITS = 2048;

export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

/** RSA-2048, as device registration asks for. */
export const newKeyPair = (): Promise<KeyPair> =>
  promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });

/** DER, signed by the key itself; the name in it is fixed, since the tenant chooses the device's. */
export async function certificateRequest({ publicKey, privateKey }: KeyPair): Promise<Uint8Array> {
  const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }));
  const pkcs8 = Uint8Array.from(privateKey.export({ format: 'der', type: 'pkcs8' }));
  try {
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name: new x509.Name([{ CN: [DEVICE_CSR_COMMON_NAME] }]),
      keys: {
        publicKey: await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
        privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
      },
      signingAlgorithm: ALGORITHM,
    });
    return new Uint8Array(request.rawData);
  } finally {
    pkcs8.fill(0);
  }
}

/**
 * The device id of a certificate, once it is seen to be for our key.
 *
 * @param thumbprint SHA-1 in hex, as the tenant gave it beside
 * @throws DeviceError `tenant-answer-malformed`
 */
export function deviceIdOf(der: Uint8Array, thumbprint: string, key: KeyObject): string {
  const wrong = (about: string) => new DeviceError('tenant-answer-malformed', { about });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw wrong('the device certificate cannot be read');
  }
  if (thumbprintOf(der) !== thumbprint.toUpperCase()) throw wrong('the thumbprint is of another certificate');
  if (!certificate.checkPrivateKey(key)) throw wrong('the device certificate is for another key');
  const id = /^CN=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(certificate.subject)?.[1];
  if (id === undefined) throw wrong('the device certificate names no device');
  return id;
}

/** SHA-1 in capital hex: how device tools name a certificate. */
export const thumbprintOf = (der: Uint8Array): string =>
  createHash('sha1').update(der).digest('hex').toUpperCase();
