/**
 * What a device signs to be registered: its certificate request (PKCS #10, RFC 2986) and, of a computer in a domain,
 * a certificate of its own (RFC 5280); and the check of the certificate that comes back.
 */
import { createHash, type KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { DEVICE_CSR_COMMON_NAME } from '@kennel/prt';
import type * as x509 from '@peculiar/x509';
import { DeviceError } from '../errors/device-error.ts';
import type { SigningKey } from '../keys/device-keys.ts';

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const TEN_YEARS = 10 * 365 * 86_400_000;
const CLOCKS_APART = 30 * 60_000;

/** Loaded at a join alone: it is a third of what a sign-in would load. */
async function x509Library(): Promise<typeof x509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** DER, signed by the key itself; the name in it is fixed, since the tenant chooses the device's. */
export async function certificateRequest(key: SigningKey): Promise<Uint8Array> {
  const { Name, Pkcs10CertificateRequestGenerator } = await x509Library();
  const { publicKey, privateKey, crypto } = await forLibrary(key);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name([{ CN: [DEVICE_CSR_COMMON_NAME] }]),
      keys: { publicKey, privateKey },
      signingAlgorithm: ALGORITHM,
    },
    crypto,
  );
  return new Uint8Array(request.rawData);
}

/** DER: the certificate that a computer writes to its own object. @param objectGuid of that object */
export async function computerCertificate(
  key: SigningKey,
  objectGuid: string,
  now: Date,
): Promise<Uint8Array> {
  const library = await x509Library();
  const { publicKey, privateKey, crypto } = await forLibrary(key);
  const certificate = await library.X509CertificateGenerator.create(
    {
      serialNumber: `00${randomBytes(16).toString('hex')}`,
      subject: `CN=${objectGuid}`,
      issuer: `CN=${objectGuid}`,
      notBefore: new Date(now.getTime() - CLOCKS_APART),
      notAfter: new Date(now.getTime() + TEN_YEARS),
      publicKey,
      signingKey: privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new library.BasicConstraintsExtension(false, undefined, true),
        new library.KeyUsagesExtension(library.KeyUsageFlags.digitalSignature, true),
      ],
    },
    crypto,
  );
  return new Uint8Array(certificate.rawData);
}

type LibraryCrypto = NonNullable<Parameters<typeof x509.X509CertificateGenerator.create>[1]>;

/**
 * The library makes the structure and asks its crypto for the signature: here it is given one that asks the device's
 * key, wherever that lies. The private key that the library holds is a name for it and signs nothing.
 */
async function forLibrary(key: SigningKey) {
  const spki = Uint8Array.from(key.publicKey.export({ format: 'der', type: 'spki' }));
  const publicKey = await webcrypto.subtle.importKey('spki', spki, ALGORITHM, true, ['verify']);
  const subtle = {
    exportKey: webcrypto.subtle.exportKey.bind(webcrypto.subtle),
    sign: (_algorithm: unknown, _key: unknown, data: ArrayBuffer) => key.sign(new Uint8Array(data)),
  };
  const crypto = { getRandomValues: webcrypto.getRandomValues.bind(webcrypto), subtle };
  // Of the whole interface these three are what the library calls; the tests would see another one.
  return { publicKey, privateKey: publicKey, crypto: crypto as unknown as LibraryCrypto };
}

/**
 * The device id of a certificate, once it is seen to be for our key.
 *
 * @param thumbprint SHA-1 in hex, as the tenant gave it beside
 * @throws DeviceError `tenant-answer-malformed`
 */
export function deviceIdOf(der: Uint8Array, thumbprint: string, publicKey: KeyObject): string {
  const wrong = (about: string) => new DeviceError('tenant-answer-malformed', { about });
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw wrong('the device certificate cannot be read');
  }
  if (thumbprintOf(der) !== thumbprint.toUpperCase()) throw wrong('the thumbprint is of another certificate');
  if (!certificate.publicKey.equals(publicKey)) throw wrong('the device certificate is for another key');
  const id = /^CN=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(certificate.subject)?.[1];
  if (id === undefined) throw wrong('the device certificate names no device');
  return id;
}

/** SHA-1 in capital hex: how device tools name a certificate. */
export const thumbprintOf = (der: Uint8Array): string =>
  createHash('sha1').update(der).digest('hex').toUpperCase();
