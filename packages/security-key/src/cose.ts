/** COSE keys of P-256 and Ed25519 (RFC 9053, sections 7.1 and 7.2) and the ECDH of the PIN protocols. */
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type CborMap, CtapError, cborMap, type Members } from './cbor.ts';
import { ALGORITHM, STATUS } from './registry.ts';

const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const OKP = 1;
const EC2 = 2;
const P256 = 1;
const ED25519 = 6;
/** The "alg" of key agreement keys: a label only, as section 6.5.6 of CTAP says. */
const ECDH_ES_HKDF_256 = -25;

/** A fresh key pair for a COSE algorithm; undefined for one that this package does not sign with. */
export function generateCredentialKey(
  algorithm: number,
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined {
  if (algorithm === ALGORITHM.ES256) return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === ALGORITHM.EDDSA) return generateKeyPairSync('ed25519');
  return undefined;
}

/** The signature of a WebAuthn credential: DER ECDSA over SHA-256, or Ed25519. */
export function signWith(algorithm: number, privateKey: KeyObject, data: Uint8Array): Uint8Array {
  return sign(algorithm === ALGORITHM.ES256 ? 'sha256' : null, data, privateKey);
}

/** The COSE form of a credential's public key. */
export function credentialPublicKey(algorithm: number, publicKey: KeyObject): CborMap {
  const { x, y } = coordinates(publicKey);
  return algorithm === ALGORITHM.ES256
    ? cborMap([
        [KTY, EC2],
        [ALG, algorithm],
        [CRV, P256],
        [X, x],
        [Y, y],
      ])
    : cborMap([
        [KTY, OKP],
        [ALG, algorithm],
        [CRV, ED25519],
        [X, x],
      ]);
}

/** The COSE form of a key agreement key. */
export function keyAgreementKey(publicKey: KeyObject): CborMap {
  const { x, y } = coordinates(publicKey);
  return cborMap([
    [KTY, EC2],
    [ALG, ECDH_ES_HKDF_256],
    [CRV, P256],
    [X, x],
    [Y, y],
  ]);
}

/** The x-coordinate of ECDH with a peer's COSE key; CtapError INVALID_PARAMETER where that is no point of P-256. */
export function agree(privateKey: KeyObject, peer: Members): Uint8Array {
  const x = peer.bytes(X);
  const y = peer.bytes(Y);
  const known = peer.integer(KTY) === EC2 && peer.integer(CRV) === P256;
  if (!known || x?.length !== 32 || y?.length !== 32) {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'key agreement: not a P-256 key');
  }
  try {
    const publicKey = createPublicKey({
      key: { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y) },
      format: 'jwk',
    });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'key agreement: not a point of P-256');
  }
}

function coordinates(publicKey: KeyObject): { x: Uint8Array; y: Uint8Array | undefined } {
  const jwk = publicKey.export({ format: 'jwk' });
  return { x: Buffer.from(jwk.x ?? '', 'base64url'), y: jwk.y ? Buffer.from(jwk.y, 'base64url') : undefined };
}

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
