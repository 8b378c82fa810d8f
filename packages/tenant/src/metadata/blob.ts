/**
 * Reading a metadata BLOB (FIDO Metadata Service v3.0 section 3.2): a JWS whose certificate chain must lead to a
 * given root. The chain's revocation is not asked of the network; a newer BLOB is how a signer is replaced.
 */
import { X509Certificate } from 'node:crypto';
import { SettingsService } from '@simplewebauthn/server';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { verifyChain } from '../certificates/chain.ts';
import { firstIssue } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import { KeyModel, NO_AAGUID } from './models.ts';
import { blobPayload } from './schema.ts';

/** The most that a BLOB may measure, in bytes; that of the FIDO Alliance measures a third of it. */
export const LARGEST_BLOB = 24 * 1024 * 1024;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Who may sign: anyone under one's own roots; under a public CA's only who bears this name. */
export interface BlobTrust {
  roots: readonly X509Certificate[];
  signerHost?: string;
}

/** The FIDO Alliance's: under a root of a public CA, so that the signer's name counts (section 3.2 step 4). */
export function fidoTrust(): BlobTrust {
  const roots = SettingsService.getRootCertificates({ identifier: 'mds' });
  return { roots: roots.map((pem) => new X509Certificate(pem)), signerHost: 'mds.fidoalliance.org' };
}

export interface Blob {
  number: number;
  /** The day (UTC) by which a newer one is published. */
  nextUpdate: string;
  models: ReadonlyMap<string, KeyModel>;
}

/**
 * @param at when the signer's chain must be valid
 * @throws TenantError `metadata-invalid`
 */
export async function readBlob(jws: string, trust: BlobTrust, at: Date): Promise<Blob> {
  const text = jws.trim();
  const signer = signerOf(text, trust, at);
  let payload: unknown;
  try {
    const verified = await compactVerify(text, signer.publicKey, { algorithms: ALGORITHMS });
    payload = JSON.parse(Buffer.from(verified.payload).toString('utf8'));
  } catch (cause) {
    throw invalid('its signature does not verify', String(cause));
  }
  const parsed = blobPayload.safeParse(payload);
  if (!parsed.success) throw invalid('its content is not that of a BLOB', firstIssue(parsed.error));
  const models = new Map<string, KeyModel>();
  for (const entry of parsed.data.entries) {
    if (entry.aaguid === undefined || entry.aaguid === NO_AAGUID) continue; // U2F and UAF
    if (models.has(entry.aaguid)) throw invalid('it has two entries for one AAGUID', entry.aaguid);
    models.set(entry.aaguid, new KeyModel(entry.aaguid, entry));
  }
  return { number: parsed.data.no, nextUpdate: parsed.data.nextUpdate, models };
}

/** Whether a newer BLOB was due before that moment. */
export function isStale(blob: Blob, at: Date): boolean {
  return at.toISOString().slice(0, 10) > blob.nextUpdate;
}

function signerOf(jws: string, trust: BlobTrust, at: Date): X509Certificate {
  let x5c: unknown;
  try {
    ({ x5c } = decodeProtectedHeader(jws));
  } catch (cause) {
    throw invalid('it is not a JWS', String(cause));
  }
  if (!Array.isArray(x5c) || !x5c.every((item) => typeof item === 'string')) {
    throw invalid('it bears no certificates');
  }
  const chain = verifyChain(
    x5c.map((item) => Buffer.from(item, 'base64')),
    trust.roots,
    at,
  );
  if (!chain.ok) throw invalid('its certificates do not lead to the root', chain.fault);
  const [signer] = chain.path;
  if (signer === undefined) throw invalid('it bears no certificates');
  if (trust.signerHost !== undefined && signer.checkHost(trust.signerHost) === undefined) {
    throw invalid(`it is not signed by ${trust.signerHost}`, signer.subject);
  }
  return signer;
}

const invalid = (what: string, cause = '') =>
  new TenantError(
    'metadata-invalid',
    `The metadata BLOB cannot be used: ${what}. Fetch it again, and check metadata.root in config.json.`,
    { cause },
  );
