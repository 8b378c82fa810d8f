/**
 * A device's transport key on the wire ([MS-DVRJ] 2.2.4.1): base64 of an RSA public key blob ("RSA1", five
 * little-endian 32-bit numbers, exponent, modulus), or base64 of a JWK (RFC 7517) as macOS and Android send it.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
import { PrtError } from './errors.ts';
import { LIMITS } from './registry.ts';

const MAGIC = 'RSA1';
const HEADER_BYTES = 24;
const MODULUS_BYTES = 256;
const EXPONENT = Buffer.from([1, 0, 1]); // 65537

function publicKey(modulus: Uint8Array, exponent: Uint8Array): KeyObject {
  const strong =
    modulus.length === MODULUS_BYTES && (modulus[0] ?? 0) >= 0x80 && (modulus.at(-1) ?? 0) % 2 === 1;
  if (!strong || !EXPONENT.equals(exponent)) {
    throw new PrtError(
      'unsupported-transport-key',
      'The transport key must be RSA with 2048 bits and exponent 65537; make a new one and join again.',
      { modulusBytes: modulus.length, exponentBytes: exponent.length },
    );
  }
  const jwk = { kty: 'RSA', n: encodeBase64Url(modulus), e: encodeBase64Url(exponent) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

function malformed(message: string): PrtError {
  return new PrtError('malformed-transport-key', `${message}; send an RSA1 public key blob or a JWK.`);
}

function parseBlob(blob: Buffer): KeyObject {
  if (blob.length < HEADER_BYTES) throw malformed('The transport key was cut off');
  const [bits, exponentBytes, modulusBytes, prime1, prime2] = [4, 8, 12, 16, 20].map((at) =>
    blob.readUInt32LE(at),
  ) as [number, number, number, number, number]; // five offsets give five numbers
  if (prime1 !== 0 || prime2 !== 0) throw malformed('The transport key holds primes of a private key');
  if (bits !== modulusBytes * 8 || blob.length !== HEADER_BYTES + exponentBytes + modulusBytes) {
    throw malformed('The lengths inside the transport key do not agree');
  }
  const modulusAt = HEADER_BYTES + exponentBytes;
  return publicKey(blob.subarray(modulusAt), blob.subarray(HEADER_BYTES, modulusAt));
}

function parseJwk(json: Buffer): KeyObject {
  let jwk: unknown;
  try {
    jwk = JSON.parse(json.toString('utf8'));
  } catch {
    throw malformed('The transport key is neither a blob nor JSON'); // the parser's text would quote the key
  }
  if (typeof jwk !== 'object' || jwk === null) throw malformed('The transport key is not a JSON object');
  const { kty, n, e, d } = jwk as Record<string, unknown>; // an object, and its members are unknown
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') throw malformed('The JWK is not RSA');
  if (d !== undefined) throw malformed('The JWK holds a private key');
  return publicKey(decodeBase64(n, MODULUS_BYTES * 2), decodeBase64(e, MODULUS_BYTES));
}

/**
 * Reads the `TransportKey` member of a join request. Only RSA-2048 with exponent 65537 is taken.
 *
 * @throws PrtError malformed-transport-key, unsupported-transport-key, malformed-base64
 */
export function parseTransportKey(text: string): KeyObject {
  const bytes = Buffer.from(decodeBase64(text, LIMITS.transportKey));
  return bytes.toString('latin1', 0, MAGIC.length) === MAGIC ? parseBlob(bytes) : parseJwk(bytes);
}

/**
 * Writes the public part of an RSA-2048 key as base64 of its RSA1 blob (283 bytes).
 *
 * @throws PrtError unsupported-transport-key
 */
export function encodeTransportKey(key: KeyObject): string {
  const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  const modulus = Buffer.from(jwk.n ?? '', 'base64url');
  const exponent = Buffer.from(jwk.e ?? '', 'base64url');
  publicKey(modulus, exponent); // the checks of reading
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  [modulus.length * 8, exponent.length, modulus.length, 0, 0].forEach((value, index) => {
    header.writeUInt32LE(value, 4 + index * 4);
  });
  return encodeBase64(Buffer.concat([header, exponent, modulus]));
}
