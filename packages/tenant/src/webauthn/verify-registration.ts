/**
 * The checks of a registration (W3C WebAuthn section 7.1) by the library, and beside them ours of what the attestation
 * proves. Here the library verifies statements only: it is given no roots, so that it walks no chain and asks the
 * network for nothing that a client named.
 */
import {
  SettingsService,
  type VerifiedRegistrationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { KeyModel } from '../metadata/models.ts';
import {
  type Attestation,
  type AttestationObject,
  attestationOf,
  readAttestationObject,
} from './attestation.ts';
import { isStrictEcdsaSignature } from './ecdsa-signature.ts';
import { flagsOf, USER_VERIFIED } from './flags.ts';

for (const identifier of ['apple', 'android-key', 'android-safetynet'] as const) {
  SettingsService.setRootCertificates({ identifier, certificates: [] });
}

/** COSE: EdDSA, ES256, RS256. */
export const ALGORITHMS = [-8, -7, -257];

/** COSE: ES256, which fido-u2f does not name (WebAuthn section 8.6), ES384, ES512. */
const ES256 = -7;
const isEcdsa = (alg: unknown) => alg === ES256 || alg === -35 || alg === -36;

export interface RegistrationCheck {
  response: { id: string; rawId: string; clientDataJSON: string; attestationObject: string };
  challenge: string;
  origins: string[];
  rpId: string;
  requireUserVerification: boolean;
  /** What the metadata knows of an AAGUID. */
  modelOf: (aaGuid: string) => KeyModel | undefined;
  now: Date;
}

export interface CheckedRegistration {
  info: VerifiedRegistrationResponse & { verified: true };
  fmt: string;
  attestation: Attestation;
  /** Whether the statement's own signature was verified; without it the key can never count as attested. */
  statementVerified: boolean;
}

/** Undefined with a `cause` where anything but the chain of the attestation is wrong. */
export async function checkRegistration(
  p: RegistrationCheck,
): Promise<CheckedRegistration | { cause: string }> {
  const object = readAttestationObject(Buffer.from(p.response.attestationObject, 'base64url'));
  if (object === undefined) return { cause: 'attestation object' };
  const verified = (flagsOf(object.authenticatorData) & USER_VERIFIED) !== 0;
  if (p.requireUserVerification && !verified) return { cause: 'user verification' };
  if (!isStrictlySigned(object)) return { cause: 'encoding of the signature' };
  const attestation = attestationOf(object, p.modelOf(object.aaGuid), p.now);
  const verifiable = verifiableObject(p.response.attestationObject, object, attestation);
  try {
    const info = await verifyRegistrationResponse({
      response: {
        id: p.response.id,
        rawId: p.response.rawId,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: p.response.clientDataJSON,
          attestationObject: verifiable ?? encode('none', new Map(), object.authenticatorData),
        },
      },
      expectedChallenge: p.challenge,
      expectedOrigin: p.origins,
      expectedRPID: p.rpId,
      requireUserVerification: p.requireUserVerification,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!info.verified) return { cause: 'attestation statement' };
    return { info, fmt: object.fmt, attestation, statementVerified: verifiable !== undefined };
  } catch (cause) {
    return { cause: String(cause) };
  }
}

/** A statement's ECDSA signature in strict DER; others are verified as they are. */
function isStrictlySigned({ statement }: AttestationObject): boolean {
  const sig = statement.get('sig');
  if (!(sig instanceof Uint8Array) || !isEcdsa(statement.get('alg') ?? ES256)) return true;
  return isStrictEcdsaSignature(sig);
}

/**
 * The object as the library is to verify it; undefined where it is taken as if it bore no statement. An expired
 * chain the library would refuse altogether. Of android-key it walks the chain that the client sent: it is given
 * the first two certificates of our path, and only where we found one.
 */
function verifiableObject(
  sent: string,
  object: AttestationObject,
  attestation: Attestation,
): string | undefined {
  if (attestation.level === 'notAttested' && attestation.reason === 'chain-expired') return undefined;
  if (object.fmt !== 'android-key') return sent;
  if (attestation.level === 'notAttested') return undefined;
  const x5c = attestation.path.slice(0, 2).map(({ raw }) => Uint8Array.from(raw));
  return encode(object.fmt, new Map([...object.statement, ['x5c', x5c]]), object.authenticatorData);
}

function encode(fmt: string, statement: ReadonlyMap<string, unknown>, authData: Uint8Array): string {
  const members = new Map<string, unknown>([
    ['fmt', fmt],
    ['attStmt', statement],
    ['authData', Uint8Array.from(authData)],
  ]);
  // What was decoded from CBOR, and bytes: all of it is CBOR again.
  const cbor = isoCBOR.encode(members as Parameters<typeof isoCBOR.encode>[0]);
  return Buffer.from(cbor).toString('base64url');
}
