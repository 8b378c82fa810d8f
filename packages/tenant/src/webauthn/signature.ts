/**
 * The signature of an assertion (W3C WebAuthn section 7.2, steps 20 and 21) under a key as it was registered: a COSE key
 * (RFC 9053) of one of the algorithms that registration admits. Keys that were read once are kept; a signature is then
 * one call of OpenSSL.
 */
import { createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { decodeCredentialPublicKey } from '@simplewebauthn/server/helpers';
import { isStrictEcdsaSignature } from './ecdsa-signature.ts';

/** COSE: labels of a key's members, and their values. */
const LABEL = { KTY: 1, ALG: 3, CRV: -1, X: -2, Y: -3, N: -1, E: -2 };
const ALGORITHM = { ES256: -7, EDDSA: -8, RS256: -257 };
const KTY = { OKP: 1, EC2: 2, RSA: 3 };
const CRV = { P256: 1, ED25519: 6 };
const KEYS_AT_MOST = 10_000;

interface ReadKey {
  key: KeyObject;
  algorithm: number;
}
const read = new Map<string, ReadKey>();

export interface SignedAssertion {
  clientDataJSON: Uint8Array;
  authenticatorData: Uint8Array;
  signature: Uint8Array;
}

/** @param publicKey COSE key, base64url. @throws where it is none of the algorithms that are admitted */
export function isSigned(publicKey: string, assertion: SignedAssertion): boolean {
  const { key, algorithm } = keyOf(publicKey);
  const { clientDataJSON, authenticatorData, signature } = assertion;
  const clientDataHash = hash('sha256', clientDataJSON, 'buffer');
  const message = Buffer.concat([authenticatorData, clientDataHash]);
  if (algorithm === ALGORITHM.ES256 && !isStrictEcdsaSignature(signature)) return false;
  return verify(algorithm === ALGORITHM.EDDSA ? null : 'sha256', message, key, signature);
}

function keyOf(publicKey: string): ReadKey {
  const known = read.get(publicKey);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(Buffer.from(publicKey, 'base64url'));
  const cose = decodeCredentialPublicKey(bytes) as unknown as ReadonlyMap<number, unknown>; // a Map from CBOR
  const made = {
    key: createPublicKey({ key: jwkOf(cose), format: 'jwk' }),
    algorithm: Number(cose.get(LABEL.ALG)),
  };
  if (read.size >= KEYS_AT_MOST) read.clear();
  read.set(publicKey, made);
  return made;
}

/** Type, curve and algorithm must belong together. */
function jwkOf(cose: ReadonlyMap<number, unknown>): JsonWebKey {
  const text = (label: number) => {
    const value = cose.get(label);
    if (!(value instanceof Uint8Array)) throw new Error('a member of the COSE key is missing');
    return Buffer.from(value).toString('base64url');
  };
  const [kty, algorithm, curve] = [cose.get(LABEL.KTY), cose.get(LABEL.ALG), cose.get(LABEL.CRV)];
  if (kty === KTY.EC2 && algorithm === ALGORITHM.ES256 && curve === CRV.P256) {
    return { kty: 'EC', crv: 'P-256', x: text(LABEL.X), y: text(LABEL.Y) };
  }
  if (kty === KTY.OKP && algorithm === ALGORITHM.EDDSA && curve === CRV.ED25519) {
    return { kty: 'OKP', crv: 'Ed25519', x: text(LABEL.X) };
  }
  if (kty === KTY.RSA && algorithm === ALGORITHM.RS256) {
    return { kty: 'RSA', n: text(LABEL.N), e: text(LABEL.E) };
  }
  throw new Error('the COSE key is of no algorithm that is admitted');
}
