/**
 * Verifying an assertion without a server (W3C WebAuthn, section 7.2): who made it, for which site and challenge, with
 * the user verified, under the credential's public key.
 */
import {
  createHash,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { CtapError, decodeCbor, Members } from './cbor.ts';
import { parseAuthenticatorData } from './client/authenticator-data.ts';
import { SecurityKeyError } from './error.ts';
import { ALGORITHM, FLAG } from './registry.ts';
import type { AssertionJson } from './webauthn-json.ts';

export interface ExpectedAssertion {
  /** The credential, base64url. */
  id: string;
  /** COSE key, base64url: ES256, EdDSA or RS256. */
  publicKey: string;
  rpId: string;
  origin: string;
  /** Base64url. */
  challenge: string;
}

/** @returns the signature counter. @throws SecurityKeyError `assertion-invalid`, whose details say what does not fit */
export function verifyAssertionJson(
  assertion: AssertionJson,
  expected: ExpectedAssertion,
): { counter: number } {
  const bytes = (name: 'clientDataJSON' | 'authenticatorData' | 'signature') =>
    Buffer.from(assertion[name], 'base64url');
  if (assertion.id !== expected.id) throw invalid('another credential');
  const clientData = bytes('clientDataJSON');
  checkClientData(clientData, expected);
  const data = bytes('authenticatorData');
  const rpIdHash = createHash('sha256').update(expected.rpId).digest();
  if (data.length < 37 || !timingSafeEqual(data.subarray(0, 32), rpIdHash)) throw invalid('another site');
  const { flags, counter } = readable(() => parseAuthenticatorData(data));
  if ((flags & FLAG.UP) === 0 || (flags & FLAG.UV) === 0) throw invalid('the user was not verified');
  const { key, digest } = readable(() => publicKeyOf(Buffer.from(expected.publicKey, 'base64url')));
  const message = Buffer.concat([data, createHash('sha256').update(clientData).digest()]);
  if (!verify(digest, message, key, bytes('signature'))) throw invalid('the signature');
  return { counter };
}

function checkClientData(bytes: Buffer, { challenge, origin }: ExpectedAssertion): void {
  const said = readable(() => JSON.parse(bytes.toString('utf8')) as unknown);
  if (typeof said !== 'object' || said === null) throw invalid('the client data');
  const { type, challenge: given, origin: from } = said as Record<string, unknown>; // an object of unknown members
  if (type !== 'webauthn.get') throw invalid('another ceremony');
  if (given !== challenge) throw invalid('another challenge');
  if (from !== origin) throw invalid('another origin');
}

/** RFC 9053: type, curve and algorithm must belong together. */
function publicKeyOf(cose: Uint8Array): { key: KeyObject; digest: string | null } {
  const members = new Members(decodeCbor(cose));
  const part = (label: number) => Buffer.from(members.bytes(label) ?? []).toString('base64url');
  const [type, algorithm, curve] = [members.integer(1), members.integer(3), members.value(-1)];
  const made = (jwk: JsonWebKey, digest: string | null) => ({
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    digest,
  });
  if (type === 2 && algorithm === ALGORITHM.ES256 && curve === 1) {
    return made({ kty: 'EC', crv: 'P-256', x: part(-2), y: part(-3) }, 'sha256');
  }
  if (type === 1 && algorithm === ALGORITHM.EDDSA && curve === 6) {
    return made({ kty: 'OKP', crv: 'Ed25519', x: part(-2) }, null);
  }
  if (type === 3 && algorithm === RS256) return made({ kty: 'RSA', n: part(-1), e: part(-2) }, 'sha256');
  throw invalid('the public key');
}
const RS256 = -257;

function readable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SecurityKeyError) throw error;
    throw invalid(error instanceof CtapError ? error.message : 'it cannot be read');
  }
}

const invalid = (what: string) =>
  new SecurityKeyError('assertion-invalid', 'The key’s answer does not verify; take the key that is yours.', {
    what,
  });
