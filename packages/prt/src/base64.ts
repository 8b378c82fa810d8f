/**
 * Base64 as the clients of this protocol write it: either alphabet, padded or not (RFC 4648, sections 4 and 5).
 * We emit the standard alphabet with padding, or base64url without.
 */
import { PrtError } from './errors.ts';

const EITHER_ALPHABET = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Reads base64 of either alphabet.
 *
 * @param maxBytes the most bytes that the decoded value may have
 * @throws PrtError malformed-base64 for a foreign character, an impossible length or a value that is too long
 */
export function decodeBase64(text: string, maxBytes: number): Uint8Array {
  if (text.length > Math.ceil(maxBytes / 3) * 4 || !EITHER_ALPHABET.test(text)) {
    throw new PrtError('malformed-base64', 'A value is not base64 or is too long.', { length: text.length });
  }
  const digits = text.replace(/=+$/, '');
  const padded = digits.length !== text.length;
  if (digits.length % 4 === 1 || (padded && text.length % 4 !== 0)) {
    throw new PrtError('malformed-base64', 'A base64 value was cut off.', { length: text.length });
  }
  const bytes = Buffer.from(digits, 'base64'); // Node reads both alphabets
  if (bytes.length > maxBytes) {
    throw new PrtError('malformed-base64', 'A base64 value is too long.', { bytes: bytes.length, maxBytes });
  }
  return bytes;
}

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** URL alphabet, without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
