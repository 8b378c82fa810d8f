/** A certificate authority and a metadata BLOB for tests: made here, so that each part can be made wrong. */
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CompactSign } from 'jose';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export const rsaKeys = () =>
  webcrypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    true,
    ['sign', 'verify'],
  );

export interface Issued {
  certificate: x509.X509Certificate;
  der: Buffer;
  keys: webcrypto.CryptoKeyPair;
  privateKey: KeyObject;
}

export interface CertificateWishes {
  subject?: string;
  issuer?: Issued;
  ca?: boolean;
  pathLength?: number;
  notBefore?: Date;
  notAfter?: Date;
  extensions?: x509.Extension[];
  keys?: webcrypto.CryptoKeyPair;
}

/** A certificate, self-signed unless there is an issuer; good from yesterday for a year. */
export async function issue(wishes: CertificateWishes = {}): Promise<Issued> {
  const { ca = false, issuer } = wishes;
  const keys = wishes.keys ?? (await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(15).toString('hex'),
    subject: wishes.subject ?? `CN=Test ${randomBytes(4).toString('hex')}`,
    issuer: issuer?.certificate.subject ?? wishes.subject ?? 'CN=Nobody',
    notBefore: wishes.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: wishes.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: EC,
    extensions: [
      new x509.BasicConstraintsExtension(ca, wishes.pathLength, true),
      ...(wishes.extensions ?? []),
    ],
  });
  const der = Buffer.from(certificate.rawData);
  return { certificate, der, keys, privateKey: KeyObject.from(keys.privateKey) };
}

export const root = (subject = 'CN=Test Root', wishes: CertificateWishes = {}) =>
  issue({ subject, ca: true, ...wishes });

/** An authority of this certificate's name and key, or of another key, as metadata would name it. */
export async function authorityOf(
  certificate: Buffer,
  publicKey = new x509.X509Certificate(certificate).publicKey,
): Promise<Issued> {
  const issuer = await root();
  const authority = await x509.X509CertificateGenerator.create({
    subject: new x509.X509Certificate(certificate).subject,
    issuer: issuer.certificate.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: EC,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { ...issuer, certificate: authority, der: Buffer.from(authority.rawData) };
}

export const pem = ({ certificate }: Issued) => `${certificate.toString('pem')}\n`;
export const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

export interface EntryWishes {
  aaguid: string;
  name?: string;
  roots?: readonly Issued[];
  attestationTypes?: string[];
  statuses?: { status: string; effectiveDate?: string; certificate?: string }[];
  transports?: string[];
  icon?: string;
}

export function entry(wishes: EntryWishes) {
  return {
    aaguid: wishes.aaguid,
    timeOfLastStatusChange: '2024-01-01',
    statusReports: wishes.statuses ?? [{ status: 'FIDO_CERTIFIED_L1', effectiveDate: '2024-01-01' }],
    metadataStatement: {
      description: wishes.name ?? `Model ${wishes.aaguid.slice(0, 4)}`,
      attestationTypes: wishes.attestationTypes ?? ['basic_full'],
      attestationRootCertificates: (wishes.roots ?? []).map(({ der }) => der.toString('base64')),
      ...(wishes.transports !== undefined && { authenticatorGetInfo: { transports: wishes.transports } }),
      ...(wishes.icon !== undefined && { icon: wishes.icon }),
    },
  };
}

/** A signed BLOB; `chain` is its `x5c`, the signer first. */
export function blob(
  chain: readonly [Issued, ...Issued[]],
  payload: { no?: number; nextUpdate?: string; entries?: unknown[] } = {},
): Promise<string> {
  const content = { legalHeader: 'test', no: 1, nextUpdate: day(30), entries: [], ...payload };
  return new CompactSign(Buffer.from(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c: chain.map(({ der }) => der.toString('base64')) })
    .sign(chain[0].privateKey);
}
