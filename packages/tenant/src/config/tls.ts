/**
 * TLS: the administrator's certificate and key from files, or a small CA of the tenant's own, whose certificate
 * (`tls/ca.pem`) devices are given. That CA can vouch for this host name only; its key lies sealed, and each
 * start makes a new server certificate whose key never touches the disk.
 */
import 'reflect-metadata';
import { createPrivateKey, generateKeyPair, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP, isIPv4 } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type MasterKey, open, seal } from '@kennel/secrets';
import * as x509 from '@peculiar/x509';
import { TenantError } from '../errors.ts';
import { later } from '../time.ts';
import { statePaths } from './paths.ts';
import type { TenantConfig } from './schema.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const BACKDATED_SECONDS = 3600;
const CA_SECONDS = 10 * 365 * 24 * 3600;
/** The longest that browsers take. */
const SERVER_SECONDS = 397 * 24 * 3600;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const SEAL_LABEL = { purpose: 'tls-ca-key', row: 'tls' };

/** What node:tls is given; PEM. */
export interface TlsMaterial {
  cert: string;
  key: string;
}

/** Makes the CA of `selfSigned` where there is none yet. */
export async function ensureTlsCa(
  stateDir: string,
  config: TenantConfig,
  master: MasterKey,
  now: Date,
): Promise<void> {
  const paths = caPaths(stateDir);
  if (config.tls !== 'selfSigned' || existsSync(paths.certificate)) return;
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const name = new x509.Name([{ CN: [`${config.tenantName} TLS CA`.slice(0, 64)] }]);
  const subjectKey = await webKey(publicKey, 'verify');
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: later(now, -BACKDATED_SECONDS),
    notAfter: later(now, CA_SECONDS),
    publicKey: subjectKey,
    signingKey: await webKey(privateKey, 'sign'),
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      new x509.Extension('2.5.29.30', true, nameConstraints(config.hostName)),
      await x509.SubjectKeyIdentifierExtension.create(subjectKey),
    ],
  });
  mkdirSync(statePaths(stateDir).tls, { recursive: true, mode: 0o700 });
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  writeFileSync(paths.sealedKey, seal(master, SEAL_LABEL, der), { mode: 0o600, flush: true });
  der.fill(0);
  writeFileSync(paths.certificate, `${certificate.toString('pem')}\n`, { mode: 0o644, flush: true });
}

/** The certificate of `selfSigned` that clients trust; undefined where the administrator brought their own. */
export function caCertificateFile(stateDir: string, config: TenantConfig): string | undefined {
  return config.tls === 'selfSigned' ? caPaths(stateDir).certificate : undefined;
}

/**
 * What the listener is given.
 *
 * @throws TenantError `config-invalid` where a file cannot be read; SecretsError for the CA's key
 */
export async function loadTls(
  stateDir: string,
  config: TenantConfig,
  master: MasterKey,
  now: Date,
): Promise<TlsMaterial> {
  if (config.tls === 'selfSigned') return issueServerCertificate(stateDir, config.hostName, master, now);
  const { inside } = statePaths(stateDir);
  return { cert: readPem(inside(config.tls.certificateFile)), key: readPem(inside(config.tls.keyFile)) };
}

async function issueServerCertificate(
  stateDir: string,
  hostName: string,
  master: MasterKey,
  now: Date,
): Promise<TlsMaterial> {
  const paths = caPaths(stateDir);
  const ca = new x509.X509Certificate(readPem(paths.certificate));
  const der = open(master, SEAL_LABEL, readFileSync(paths.sealedKey));
  const caKey = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  der.fill(0);
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const subjectKey = await webKey(publicKey, 'verify');
  const expires = Math.min(later(now, SERVER_SECONDS).getTime(), ca.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([{ CN: [hostName.slice(0, 64)] }]),
    issuer: ca.subjectName,
    notBefore: later(now, -BACKDATED_SECONDS),
    notAfter: new Date(expires),
    publicKey: subjectKey,
    signingKey: await webKey(caKey, 'sign'),
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH], false),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.SubjectAlternativeNameExtension([{ type: isIP(hostName) ? 'ip' : 'dns', value: hostName }]),
      // Strict verifiers (RFC 5280 section 4.2.1.1) want both identifiers.
      await x509.SubjectKeyIdentifierExtension.create(subjectKey),
      await x509.AuthorityKeyIdentifierExtension.create(await ca.publicKey.export()),
    ],
  });
  return {
    cert: certificate.toString('pem'),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

const caPaths = (stateDir: string) => ({
  certificate: join(statePaths(stateDir).tls, 'ca.pem'),
  sealedKey: join(statePaths(stateDir).tls, 'ca.key.sealed'),
});

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TenantError(
      'config-invalid',
      `${path} cannot be read. Correct tls in config.json, or restore the file.`,
      {
        path,
        cause: String(cause),
      },
    );
  }
}

/** RFC 5280 section 4.2.1.10: permitted is this DNS name (or this one address) and no other of its kind. */
function nameConstraints(hostName: string): ArrayBuffer {
  const name = isIP(hostName) ? tlv(0x87, addressAndMask(hostName)) : tlv(0x82, Buffer.from(hostName));
  return Uint8Array.from(tlv(0x30, tlv(0xa0, tlv(0x30, name)))).buffer;
}

/** All values here are far below 128 bytes, but for the longest host names: two length forms. */
function tlv(tag: number, content: Buffer): Buffer {
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function addressAndMask(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from([...address.split('.').map(Number), 255, 255, 255, 255]);
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [left = [], right = []] = groups.map((part) => part.split(':').filter(Boolean));
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
  return Buffer.from([...bytes, ...Array<number>(16).fill(255)]);
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function webKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const format = usage === 'sign' ? 'pkcs8' : 'spki';
  const der =
    key.type === 'private'
      ? key.export({ format: 'der', type: 'pkcs8' })
      : key.export({ format: 'der', type: 'spki' });
  return webcrypto.subtle.importKey(format, Uint8Array.from(der), ECDSA, true, [usage]);
}
