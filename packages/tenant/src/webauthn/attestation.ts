/**
 * What an attestation proves (W3C WebAuthn section 7.1, steps 20 to 24). An AAGUID is only a claim until a chain of
 * certificates leads to the roots that the metadata names for that very AAGUID: not to any vendor's, and never to one
 * that the attestation brings along.
 */
import 'reflect-metadata';
import { timingSafeEqual, type X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { decodeAttestationObject, isoCBOR, parseAuthenticatorData } from '@simplewebauthn/server/helpers';
import { type ChainFault, verifyChain } from '../certificates/chain.ts';
import { type KeyModel, NO_AAGUID } from '../metadata/models.ts';

/** Attestation types of the metadata (FIDO Registry section 3.6.3) that a format may be of. */
const TYPES_OF_FORMAT: Readonly<Record<string, readonly string[]>> = {
  packed: ['basic_full', 'attca'],
  tpm: ['attca', 'basic_full'],
  'android-key': ['basic_full'],
  'android-safetynet': ['basic_full'],
  apple: ['anonca'],
};
/** id-fido-gen-ce-aaguid (WebAuthn section 8.2.1): an OCTET STRING of 16 bytes. */
const AAGUID_EXTENSION = '1.3.6.1.4.1.45724.1.1.4';

export type NotAttestedReason =
  | 'none'
  | 'self-attestation'
  | 'aaguid-absent'
  | 'model-unknown'
  | 'format-unexpected'
  | 'aaguid-mismatch'
  | 'statement-unverified'
  | ChainFault;

/** `path` of what is attested: the attestation certificate first, the anchor last. */
export type Attestation =
  | { level: 'attested'; path: readonly X509Certificate[] }
  | { level: 'notAttested'; reason: NotAttestedReason };

export interface AttestationObject {
  fmt: string;
  statement: ReadonlyMap<string, unknown>;
  authenticatorData: Uint8Array;
  /** Lower case; as claimed. */
  aaGuid: string;
}

/**
 * Takes an attestation object apart; undefined where it is none. Of all spellings only that of the specification is
 * taken (section 2.2: canonical CBOR): what two parsers could read in two ways is no attestation.
 */
export function readAttestationObject(bytes: Uint8Array): AttestationObject | undefined {
  try {
    const decoded = decodeAttestationObject(Uint8Array.from(bytes));
    const again = isoCBOR.encode(decoded as unknown as Parameters<typeof isoCBOR.encode>[0]); // a Map from CBOR
    if (!Buffer.from(again).equals(bytes)) return undefined;
    const fmt: unknown = decoded.get('fmt');
    const statement: unknown = decoded.get('attStmt');
    const authenticatorData: unknown = decoded.get('authData');
    if (typeof fmt !== 'string' || !(statement instanceof Map)) return undefined;
    if (!(authenticatorData instanceof Uint8Array)) return undefined;
    const { aaguid } = parseAuthenticatorData(Uint8Array.from(authenticatorData));
    if (aaguid === undefined) return undefined;
    return { fmt, statement, authenticatorData, aaGuid: guid(aaguid) };
  } catch {
    return undefined; // hostile input: the ceremony refuses it
  }
}

/**
 * Whether the claim of the AAGUID is proven, the statement's own signature aside.
 *
 * @param model what the metadata knows of that AAGUID
 * @param at when the chain must be valid
 */
export function attestationOf(object: AttestationObject, model: KeyModel | undefined, at: Date): Attestation {
  const chain = chainOf(object);
  if (object.fmt === 'none') return notAttested('none');
  if (chain === undefined) return notAttested('self-attestation');
  if (object.aaGuid === NO_AAGUID) return notAttested('aaguid-absent');
  if (model === undefined || model.aaGuid !== object.aaGuid) return notAttested('model-unknown');
  const types = Object.hasOwn(TYPES_OF_FORMAT, object.fmt) ? TYPES_OF_FORMAT[object.fmt] : undefined;
  if (types?.some((type) => model.attestationTypes.includes(type)) !== true) {
    return notAttested('format-unexpected');
  }
  const result = verifyChain(chain, model.roots, at);
  if (!result.ok) return notAttested(result.fault);
  if (!agreesOnAaguid(result.path[0], object.aaGuid)) return notAttested('aaguid-mismatch');
  return { level: 'attested', path: result.path };
}

/** The certificates of a statement, DER, leaf first; undefined where it bears none. */
function chainOf({ fmt, statement }: AttestationObject): Uint8Array[] | undefined {
  if (fmt === 'android-safetynet') return chainOfSafetyNet(statement.get('response'));
  const x5c = statement.get('x5c');
  if (x5c === undefined) return undefined;
  return Array.isArray(x5c) ? x5c.map(asBytes) : [];
}

/** SafetyNet keeps its chain in the header of a JWS (WebAuthn section 8.5). */
function chainOfSafetyNet(response: unknown): Uint8Array[] {
  try {
    const [header = ''] = Buffer.from(asBytes(response)).toString('latin1').split('.', 1);
    const { x5c } = JSON.parse(Buffer.from(header, 'base64url').toString('utf8')) as { x5c: unknown }; // or it throws
    return Array.isArray(x5c) ? x5c.map((item) => Buffer.from(String(item), 'base64')) : [];
  } catch {
    return []; // no chain: not attested
  }
}

/** The extension is optional; where it is there, it is right. */
function agreesOnAaguid(leaf: X509Certificate | undefined, aaGuid: string): boolean {
  if (leaf === undefined) return false;
  try {
    const certificate = new x509.X509Certificate(Uint8Array.from(leaf.raw));
    const extensions = certificate.extensions.filter(({ type }) => type === AAGUID_EXTENSION);
    const expected = Buffer.from(`0410${aaGuid.replaceAll('-', '')}`, 'hex');
    return extensions.every(({ value }) => {
      const given = Buffer.from(value);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  } catch {
    return false; // one parser reads it and the other does not: not to be relied on
  }
}

const notAttested = (reason: NotAttestedReason): Attestation => ({ level: 'notAttested', reason });
const asBytes = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());

function guid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(ends[i - 1] ?? 0, end)).join('-');
}
