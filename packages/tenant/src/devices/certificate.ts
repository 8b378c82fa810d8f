/**
 * The device CA and the certificates it issues, in the shape that the clients of [MS-DVRJ] parse: one
 * multi-valued RDN as issuer, the device id as common name, and five extensions that name device, user, tenant,
 * region and join type.
 */
import 'reflect-metadata';
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { DEVICE_CERTIFICATE_OIDS, JOIN_TYPES } from '@kennel/prt';
import * as x509 from '@peculiar/x509';
import { later } from '../time.ts';

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const BACKDATED_SECONDS = 30 * 60;
const TEN_YEARS_SECONDS = 3652 * 24 * 3600;
const TWENTY_YEARS_SECONDS = 2 * TEN_YEARS_SECONDS;
const REGION = 'NA';

/** A new CA: RSA-2048, 20 years, for end-entity certificates only. `certificate` is PEM. */
export async function createDeviceCa(
  tenantId: string,
  now: Date,
): Promise<{ certificate: string; privateKey: KeyObject }> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  // One RDN, its values in DER's order for a SET OF (shorter encodings first).
  const name = new x509.Name([{ DC: ['net', 'kennel'], CN: ['Kennel-Organization-Access'], OU: [tenantId] }]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: later(now, -BACKDATED_SECONDS),
    notAfter: later(now, TWENTY_YEARS_SECONDS),
    publicKey: await webKey(publicKey, 'verify'),
    signingKey: await webKey(privateKey, 'sign'),
    signingAlgorithm: RSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), privateKey };
}

/** Whether the key usage of a CA's certificate (DER), where it has one, lets it sign others. */
export function maySignCertificates(der: Uint8Array): boolean {
  const extension = new x509.X509Certificate(Uint8Array.from(der)).getExtension(x509.KeyUsagesExtension);
  return extension == null || (extension.usages & x509.KeyUsageFlags.keyCertSign) !== 0;
}

export interface DeviceCertificateRequest {
  ca: { certificate: { raw: Uint8Array }; privateKey: KeyObject };
  /** RSA-2048, from the certificate request. */
  publicKey: KeyObject;
  deviceId: string;
  /** Who joined it; a hybrid device joins by itself. */
  userId?: string;
  tenantId: string;
  joinType: number;
  now: Date;
}

/**
 * A device certificate, DER. It is valid for ten years from half an hour ago, or as long as its CA is, while it is the
 * device's current one.
 */
export async function issueDeviceCertificate(r: DeviceCertificateRequest): Promise<Uint8Array> {
  const issuer = new x509.X509Certificate(Uint8Array.from(r.ca.certificate.raw));
  const registered = r.joinType === JOIN_TYPES.register;
  const end = Math.min(later(r.now, TEN_YEARS_SECONDS).getTime(), issuer.notAfter.getTime());
  const oid = DEVICE_CERTIFICATE_OIDS;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([{ CN: [r.deviceId.toLowerCase()] }]),
    issuer: issuer.subjectName,
    notBefore: later(r.now, -BACKDATED_SECONDS),
    notAfter: new Date(end),
    publicKey: await webKey(r.publicKey, 'verify'),
    signingKey: await webKey(r.ca.privateKey, 'sign'),
    signingAlgorithm: RSA,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([CLIENT_AUTH], true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.Extension(oid.deviceId, false, longOctets(guidBytes(r.deviceId))),
      ...(r.userId === undefined
        ? []
        : [new x509.Extension(oid.userId, false, longOctets(guidBytes(r.userId)))]),
      new x509.Extension(oid.tenantId, false, longOctets(guidBytes(r.tenantId))),
      new x509.Extension(oid.region, false, longOctets(Buffer.from(REGION))),
      new x509.Extension(oid.joinType, false, longOctets(Buffer.from(registered ? '0' : '1'))),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/** The public key of a PKCS #10 request whose own signature is good; undefined for anything else. */
export async function keyOfCertificateRequest(der: Uint8Array): Promise<KeyObject | undefined> {
  try {
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(der));
    const { name, hash } = request.signatureAlgorithm as { name: string; hash?: { name: string } }; // as the library fills it
    if (name !== RSA.name || hash?.name !== RSA.hash) return undefined;
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
    const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType !== 'rsa' || modulusLength !== 2048 || publicExponent !== 65537n)
      return undefined;
    return (await request.verify()) ? key : undefined;
  } catch {
    return undefined; // hostile DER: whatever the parser stumbled over, it is no request
  }
}

/** A GUID's 16 bytes as Windows stores them: the first three fields little-endian ([MS-DTYP] 2.3.4.2). */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    Buffer.from(bytes.subarray(0, 4)).reverse(),
    Buffer.from(bytes.subarray(4, 6)).reverse(),
    Buffer.from(bytes.subarray(6, 8)).reverse(),
    bytes.subarray(8),
  ]);
}

/** An OCTET STRING whose length takes the long form although it is short: so the real ones are written. */
const longOctets = (value: Buffer): ArrayBuffer => Uint8Array.of(0x04, 0x81, value.length, ...value).buffer;

/** 16 bytes, positive and of full length. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** A KeyObject as the certificate library wants it. */
function webKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  return usage === 'sign'
    ? webcrypto.subtle.importKey(
        'pkcs8',
        Uint8Array.from(key.export({ format: 'der', type: 'pkcs8' })),
        RSA,
        false,
        ['sign'],
      )
    : webcrypto.subtle.importKey(
        'spki',
        Uint8Array.from(key.export({ format: 'der', type: 'spki' })),
        RSA,
        true,
        ['verify'],
      );
}
