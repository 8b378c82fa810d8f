/** LDAPS of the controllers of a lab: one CA for them all, and a server certificate for each. */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const FILES = { keyfile: 'key.pem', certfile: 'cert.pem', cafile: 'ca.pem' } as const;

export interface LabCa {
  /** PEM, for those who are to trust it. */
  readonly certificate: string;
  /** A certificate and its key for a host's full name, PEM. */
  issue(hostName: string): Promise<{ certificate: string; key: string }>;
}

const serialNumber = () => `4${randomBytes(15).toString('hex')}0`;
const validity = () => ({
  notBefore: new Date(Date.now() - 30 * DAY), // controllers with a clock of their own
  notAfter: new Date(Date.now() + 365 * DAY),
});
const newKeys = () =>
  webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>; // of this algorithm

export async function makeLabCa(): Promise<LabCa> {
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Kennel lab domain controllers',
    ...validity(),
    keys,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${ca.toString('pem')}\n`,
    async issue(hostName) {
      const server = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${hostName}`,
        issuer: ca.subject,
        ...validity(),
        publicKey: server.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ECDSA,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.ExtendedKeyUsageExtension([SERVER_AUTH], false),
          new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: hostName }]),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', server.privateKey));
      return {
        certificate: `${certificate.toString('pem')}\n`,
        key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
      };
    },
  };
}

/** What smb.conf says of it; `privateDir` as the server sees it. */
export const tlsSettings = (privateDir: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(FILES).map(([name, file]) => [`tls ${name}`, `${privateDir}/tls/${file}`]),
  );

/** Puts the three files where `tlsSettings` says; `privateDir` as this process sees it. */
export async function writeTls(privateDir: string, ca: LabCa, hostName: string): Promise<void> {
  const { certificate, key } = await ca.issue(hostName);
  const dir = join(privateDir, 'tls');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, FILES.keyfile), key, { mode: 0o600 });
  writeFileSync(join(dir, FILES.certfile), certificate);
  writeFileSync(join(dir, FILES.cafile), ca.certificate);
}
