/** Registration of a device: its keys, its certificate request (RFC 2986), joining and leaving. */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { tlv } from './der.ts';
import type { Flavour } from './flavour.ts';
import type { Net, Reply } from './net.ts';

export const REGISTRATION = 'urn:ms-drs:enterpriseregistration.windows.net';

export interface Device {
  id: string;
  certificate: X509Certificate;
  key: KeyObject;
  transportKey: KeyObject;
}

export const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const publicOf = (key: KeyObject) => {
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  return { modulus: Buffer.from(n, 'base64url'), exponent: Buffer.from(e, 'base64url') };
};

/** An unsigned INTEGER of DER, whose first bit must be clear. */
const unsigned = (octets: Buffer) =>
  tlv(2, (octets[0] ?? 0) & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), octets);
const oid = (hex: string) => tlv(6, Buffer.from(hex, 'hex'));

const SHA256_RSA = tlv(0x30, oid('2a864886f70d01010b'), tlv(5));

function publicKeyInfo(key: KeyObject): Buffer {
  const { modulus, exponent } = publicOf(key);
  const rsa = tlv(0x30, oid('2a864886f70d010101'), tlv(5));
  return tlv(0x30, rsa, tlv(3, Buffer.from([0]), tlv(0x30, unsigned(modulus), unsigned(exponent))));
}

/** CN=7E980AD9-..., SHA256WithRSA. */
export function certificateRequest(key: KeyObject): Buffer {
  const name = tlv(
    0x30,
    tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from('7E980AD9-B86D-4306-9425-9AC066FB014A')))),
  );
  const info = tlv(0x30, unsigned(Buffer.from([0])), name, publicKeyInfo(key), tlv(0xa0));
  return tlv(0x30, info, SHA256_RSA, tlv(3, Buffer.from([0]), sign('sha256', info, key)));
}

/** "RSA1" and the lengths, then exponent and modulus. */
export function rsa1(key: KeyObject): Buffer {
  const { modulus, exponent } = publicOf(key);
  const head = Buffer.alloc(24);
  head.write('RSA1', 'ascii');
  for (const [i, n] of [2048, exponent.length, modulus.length, 0, 0].entries())
    head.writeUInt32LE(n, 4 + 4 * i);
  return Buffer.concat([head, exponent, modulus]);
}

/** As macOS and Android send a transport key. */
export function jwk(key: KeyObject): Buffer {
  const { kty, n, e } = key.export({ format: 'jwk' });
  return Buffer.from(JSON.stringify({ kty, n, e, alg: 'RSA-OAEP', use: 'enc' }));
}

const utcTime = (date: Date) =>
  tlv(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

/** The certificate that a computer of the domain writes to its own object: CN=<objectGUID> (RFC 5280 section 4.1). */
export function selfSigned(commonName: string, key: KeyObject): X509Certificate {
  const name = tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from(commonName)))));
  const day = 86_400_000;
  const validity = tlv(0x30, utcTime(new Date(Date.now() - day)), utcTime(new Date(Date.now() + 3650 * day)));
  const version = tlv(0xa0, unsigned(Buffer.from([2])));
  const body = [unsigned(randomBytes(15)), SHA256_RSA, name, validity, name, publicKeyInfo(key)];
  const toSign = tlv(0x30, version, ...body);
  return new X509Certificate(
    tlv(0x30, toSign, SHA256_RSA, tlv(3, Buffer.from([0]), sign('sha256', toSign, key))),
  );
}

export const thumbprint = (certificate: X509Certificate) =>
  createHash('sha1').update(certificate.raw).digest('hex').toUpperCase();

export class RegistrationService {
  readonly #net: Net;
  readonly #host: string;

  constructor(net: Net, host = 'enterpriseregistration.windows.net') {
    this.#net = net;
    this.#host = host;
  }

  async discover(tenant: string) {
    const { status, text } = await this.#net.send(
      'GET',
      `https://${this.#host}/${tenant}/Discover?api-version=1.9&managed=True`,
    );
    if (status !== 200) throw new Error(`discovery: ${status} ${text}`);
    return JSON.parse(text);
  }

  async join(
    token: string,
    keys: { key: KeyObject; transportKey: KeyObject; transport?: string },
    flavour: Flavour,
    more: Record<string, unknown> = {},
  ): Promise<Reply> {
    const { key, transportKey, transport = rsa1(transportKey).toString('base64') } = keys;
    return this.#net.send('POST', `https://${this.#host}/EnrollmentServer/device/?api-version=2.0`, {
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        CertificateRequest: { Type: 'pkcs10', Data: certificateRequest(key).toString('base64') },
        TransportKey: transport,
        TargetDomain: 'corp.example.com',
        DeviceType: 'Windows',
        OSVersion: '10.0.19041.928',
        DeviceDisplayName: 'DESKTOP-1',
        JoinType: 0,
        [flavour.attributes]: { ReuseDevice: 'true', ReturnClientSid: 'true' },
        ...more,
      }),
    });
  }

  /** By the computer of a synced domain: no token, but the SID and the time under the key of its userCertificate. */
  async joinHybrid(
    computer: { id: string; sid: string; key: KeyObject; tenantId: string },
    keys: { key: KeyObject; transportKey: KeyObject },
    { at = new Date(), signedBy = computer.key }: { at?: Date; signedBy?: KeyObject } = {},
  ): Promise<Reply> {
    const [date, time = ''] = at.toISOString().split('T');
    const sid = `${computer.sid}.${date} ${time.slice(0, 8)}Z`;
    return this.#net.send(
      'PUT',
      `https://${this.#host}/EnrollmentServer/device/${computer.id}?api-version=2.0`,
      {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          CertificateRequest: { Type: 'pkcs10', Data: certificateRequest(keys.key).toString('base64') },
          JoinType: 6,
          attributes: { ReuseDevice: 'true', ReturnClientSid: 'true' },
          ServerAdJoinData: {
            TransportKey: rsa1(keys.transportKey).toString('base64'),
            TargetDomain: 'corp.example.com',
            DeviceType: 'Windows',
            OSVersion: '10.0.19041.928',
            DeviceDisplayName: 'DESKTOP-2',
            TargetDomainId: computer.tenantId,
            SourceDomainController: 'dc1.corp.example.com',
            ClientIdentity: {
              Type: 'sha256signed',
              Sid: sid,
              SignedBlob: sign('sha256', Buffer.from(sid), signedBy).toString('base64'),
            },
          },
        }),
      },
    );
  }

  /** Key provisioning, for a Hello key. */
  async provisionKey(token: string, key: KeyObject): Promise<Reply> {
    return this.#net.send('POST', `https://${this.#host}/EnrollmentServer/key/?api-version=1.0`, {
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ kngc: rsa1(key).toString('base64') }),
    });
  }

  async leave({ id, certificate, key }: Device): Promise<Reply> {
    return this.#net.send('DELETE', `https://${this.#host}/EnrollmentServer/device/${id}?api-version=1.0`, {
      identity: {
        certificate: certificate.toString(),
        key: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      },
    });
  }
}

/** What a join answers, made a device. */
export function deviceOf({ status, text }: Reply, keys: { key: KeyObject; transportKey: KeyObject }): Device {
  if (status !== 200) throw new Error(`join: ${status} ${text}`);
  const { Certificate } = JSON.parse(text);
  const certificate = new X509Certificate(Buffer.from(Certificate.RawBody, 'base64'));
  if (Certificate.Thumbprint !== thumbprint(certificate)) throw new Error('another thumbprint');
  return { id: certificate.subject.replace('CN=', ''), certificate, ...keys };
}
