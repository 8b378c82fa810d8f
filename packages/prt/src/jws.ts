/**
 * Compact JWS (RFC 7515): RS256 under a device's key, HS256 under a key derived from the session key. The kind
 * of key decides the algorithm, never the header alone.
 */
import {
  createHmac,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
import { decodePart, parseJsonObject, splitCompact } from './compact.ts';
import { PrtError } from './errors.ts';
import { deriveSessionKeyV1, deriveSessionKeyV2 } from './kdf.ts';
import { CONTEXT_BYTES, LIMITS } from './registry.ts';

/** A JWS taken apart. Nothing of it is verified yet. */
export interface ParsedJws {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
  /** The payload as it was sent: key derivation of version 2 reads these bytes. */
  payloadBytes: Uint8Array;
  /** The bytes that the signature covers. */
  signingInput: Uint8Array;
  signature: Uint8Array;
}

/**
 * Takes a compact JWS apart, leniently in its base64 and strictly in its size and JSON.
 *
 * @throws PrtError malformed-jws
 */
export function parseJws(text: string, maxLength: number = LIMITS.jws): ParsedJws {
  const [header, payload, signature] = splitCompact(text, 3, maxLength, 'malformed-jws');
  const payloadBytes = decodePart(payload, 'malformed-jws');
  return {
    header: parseJsonObject(decodePart(header, 'malformed-jws'), 'malformed-jws'),
    payload: parseJsonObject(payloadBytes, 'malformed-jws'),
    payloadBytes,
    signingInput: Buffer.from(`${header}.${payload}`, 'ascii'),
    signature: decodePart(signature, 'malformed-jws'),
  };
}

/** The DER certificates of `x5c`, leaf first: clients send a string or an array (standard base64). */
export function certificatesOf(header: Record<string, unknown>): Uint8Array[] {
  const list: unknown[] = Array.isArray(header.x5c) ? header.x5c : [header.x5c];
  if (list.length === 0 || list.length > 8) {
    throw new PrtError('malformed-jws', 'The request bears no usable certificate (x5c).');
  }
  return list.map((item) => {
    if (typeof item !== 'string')
      throw new PrtError('malformed-jws', 'The request bears no certificate (x5c).');
    try {
      return decodeBase64(item, 16_384);
    } catch (error) {
      throw new PrtError('malformed-jws', 'The certificate (x5c) is not base64.', { cause: String(error) });
    }
  });
}

const part = (value: object) => encodeBase64Url(Buffer.from(JSON.stringify(value)));

const rs256Input = (header: object, payload: object) =>
  `${part({ alg: 'RS256', typ: 'JWT', ...header })}.${part(payload)}`;

/** Signs with RS256, as a device does; `header` may hold `x5c`, `kdf_ver`, ... */
export function signJws(privateKey: KeyObject, header: object, payload: object): string {
  const input = rs256Input(header, payload);
  return `${input}.${encodeBase64Url(sign('sha256', Buffer.from(input), privateKey))}`;
}

/** The same with a key that does not leave its place. @param by RSASSA-PKCS1-v1_5 with SHA-256 */
export async function signJwsBy(
  by: (data: Uint8Array) => Promise<Uint8Array>,
  header: object,
  payload: object,
): Promise<string> {
  const input = rs256Input(header, payload);
  return `${input}.${encodeBase64Url(await by(Buffer.from(input)))}`;
}

/**
 * Verifies RS256 under an RSA public key of 2048 bits or more.
 *
 * @throws PrtError bad-signature for another algorithm, another kind of key or a wrong signature
 */
export function verifyJws(jws: ParsedJws, publicKey: KeyObject): void {
  const key = publicKey.type === 'private' ? createPublicKey(publicKey) : publicKey;
  const strong = key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  if (!strong || jws.header.alg !== 'RS256' || !verify('sha256', jws.signingInput, key, jws.signature)) {
    throw new PrtError('bad-signature', 'The request is not signed by the device key it names.', {
      alg: jws.header.alg,
    });
  }
}

/**
 * Signs with HS256 under a key derived from the session key, as a device does when it uses its PRT.
 *
 * @param kdfVersion 2 unless an old service must be reached
 */
export function signWithSessionKey(sessionKey: Uint8Array, payload: object, kdfVersion: 1 | 2 = 2): string {
  const ctx = randomBytes(CONTEXT_BYTES);
  const header = {
    alg: 'HS256',
    typ: 'JWT',
    ctx: encodeBase64(ctx),
    ...(kdfVersion === 2 && { kdf_ver: 2 }),
  };
  const payloadBytes = Buffer.from(JSON.stringify(payload));
  const key =
    kdfVersion === 2
      ? deriveSessionKeyV2(sessionKey, ctx, payloadBytes)
      : deriveSessionKeyV1(sessionKey, ctx);
  const input = `${part(header)}.${encodeBase64Url(payloadBytes)}`;
  return `${input}.${encodeBase64Url(createHmac('sha256', key).update(input).digest())}`;
}

/**
 * Verifies HS256 under the key that the header's `ctx` and `kdf_ver` derive from the session key.
 *
 * @throws PrtError bad-signature, malformed-jws (no usable `ctx`)
 */
export function verifyWithSessionKey(jws: ParsedJws, sessionKey: Uint8Array): void {
  const { alg, ctx: text, kdf_ver: version } = jws.header;
  if (typeof text !== 'string')
    throw new PrtError('malformed-jws', 'The request names no key context (ctx).');
  const ctx = decodePart(text, 'malformed-jws');
  if (ctx.length !== CONTEXT_BYTES && ctx.length !== 32) {
    throw new PrtError('malformed-jws', 'The key context (ctx) is not 24 or 32 bytes.', {
      bytes: ctx.length,
    });
  }
  if (version !== undefined && version !== 1 && version !== 2) {
    throw new PrtError('malformed-jws', 'The request names an unknown key derivation (kdf_ver).');
  }
  const key =
    version === 2
      ? deriveSessionKeyV2(sessionKey, ctx, jws.payloadBytes)
      : deriveSessionKeyV1(sessionKey, ctx);
  const expected = createHmac('sha256', key).update(jws.signingInput).digest();
  const same = jws.signature.length === expected.length && timingSafeEqual(jws.signature, expected);
  if (alg !== 'HS256' || !same) {
    throw new PrtError('bad-signature', 'The request is not signed with the session key of its token.', {
      alg,
    });
  }
}
