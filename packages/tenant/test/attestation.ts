/** Attestation statements for tests (W3C WebAuthn sections 8.2 and 8.5), signed by certificates made here. */
import 'reflect-metadata';
import { createHash, type KeyObject, sign } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { CompactSign } from 'jose';
import { type CertificateWishes, type Issued, issue } from './metadata.ts';

export interface ToAttest {
  authData: Buffer;
  clientDataHash: Buffer;
  /** The credential's own. */
  privateKey: KeyObject;
}
export type Attester = (p: ToAttest) => { fmt: string; statement: Map<string, unknown> };

const bytes = (buffer: Buffer) => Uint8Array.from(buffer);
const ES256 = -7;

/** id-fido-gen-ce-aaguid */
export const aaguidExtension = (aaguid: string) =>
  new x509.Extension(
    '1.3.6.1.4.1.45724.1.1.4',
    false,
    Buffer.from(`0410${aaguid.replaceAll('-', '')}`, 'hex'),
  );

/** An attestation certificate (section 8.2.1). */
export const attestationCertificate = (issuer: Issued, wishes: CertificateWishes = {}) =>
  issue({ subject: 'C=XX, O=Test, OU=Authenticator Attestation, CN=Test Key', issuer, ...wishes });

export const packed =
  (leaf: Issued, chain: readonly Issued[] = [leaf]): Attester =>
  ({ authData, clientDataHash }) => ({
    fmt: 'packed',
    statement: new Map<string, unknown>([
      ['alg', ES256],
      ['sig', bytes(sign('sha256', Buffer.concat([authData, clientDataHash]), leaf.privateKey))],
      ['x5c', chain.map(({ der }) => bytes(der))],
    ]),
  });

export const packedSelf: Attester = ({ authData, clientDataHash, privateKey }) => ({
  fmt: 'packed',
  statement: new Map<string, unknown>([
    ['alg', ES256],
    ['sig', bytes(sign('sha256', Buffer.concat([authData, clientDataHash]), privateKey))],
  ]),
});

/** A SafetyNet statement; its JWS cannot be signed without a promise, and so is made from the data beforehand. */
export async function safetyNet(leaf: Issued, p: Omit<ToAttest, 'privateKey'>): Promise<Attester> {
  const nonce = createHash('sha256').update(p.authData).update(p.clientDataHash).digest('base64');
  const claims = { nonce, ctsProfileMatch: true, timestampMs: Date.now() - 1000 };
  const jws = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', x5c: [leaf.der.toString('base64')] })
    .sign(leaf.privateKey);
  return () => ({
    fmt: 'android-safetynet',
    statement: new Map<string, unknown>([
      ['ver', '1'],
      ['response', bytes(Buffer.from(jws))],
    ]),
  });
}
