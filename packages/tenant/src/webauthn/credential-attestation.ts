/** Whether a registered key counts as attested today: what was recorded, against the metadata of now. */
import type { Blob } from '../metadata/blob.ts';
import type { Metadata } from '../metadata/service.ts';
import type { CredentialRow } from '../store/schema.ts';
import { type Attestation, attestationOf, readAttestationObject } from './attestation.ts';

type Known = Pick<Metadata, 'edition' | 'model'>;
type Recorded = Pick<CredentialRow, 'id' | 'statement_verified' | 'attestation_object' | 'created_on'>;

/** Answers by edition of the metadata: a chain is walked once for each key and BLOB. */
const known = new WeakMap<Blob | Known, Map<string, Attestation>>();
const KNOWN_AT_MOST = 10_000;

/**
 * The chain must lead to the roots that the metadata names now, and have been valid when the key was registered:
 * a key is not lost because the certificate of its batch runs out.
 */
export function attestationOfCredential(metadata: Known, row: Recorded): Attestation {
  const edition = metadata.edition ?? metadata; // without a BLOB nothing is known of any model
  const cache = known.get(edition) ?? new Map<string, Attestation>();
  const cached = cache.get(row.id);
  if (cached !== undefined) return cached;
  const attestation = evaluate(metadata, row);
  if (cache.size >= KNOWN_AT_MOST) cache.clear();
  cache.set(row.id, attestation);
  known.set(edition, cache);
  return attestation;
}

function evaluate(metadata: Known, row: Recorded): Attestation {
  if (row.statement_verified !== 1) return { level: 'notAttested', reason: 'statement-unverified' };
  const object = readAttestationObject(Buffer.from(row.attestation_object, 'base64url'));
  if (object === undefined) return { level: 'notAttested', reason: 'statement-unverified' };
  return attestationOf(object, metadata.model(object.aaGuid), new Date(row.created_on));
}
