/**
 * The dotted compact form of JWS and JWE (RFC 7515 section 7.1, RFC 7516 section 7.1), read with bounds and
 * with either base64 alphabet, since brokers differ.
 */
import { decodeBase64 } from './base64.ts';
import { PrtError } from './errors.ts';

type Kind = 'malformed-jws' | 'malformed-jwe';

/** Splits a compact token into exactly `count` parts, or throws `code`. */
export function splitCompact(text: string, count: number, maxLength: number, code: Kind): string[] {
  if (text.length > maxLength) {
    throw new PrtError(code, 'A token is longer than this service reads.', { length: text.length });
  }
  const parts = text.split('.', count + 1);
  if (parts.length !== count) {
    throw new PrtError(code, `A token does not have its ${count} parts.`, { parts: parts.length });
  }
  return parts;
}

/** Decodes one part of a token, or throws `code`. */
export function decodePart(part: string | undefined, code: Kind): Uint8Array {
  if (part === undefined) throw new PrtError(code, 'A token lacks a part.');
  try {
    return decodeBase64(part, part.length);
  } catch (error) {
    throw new PrtError(code, 'A part of a token is not base64url.', { cause: String(error) });
  }
}

/** Parses bytes as one JSON object, or throws `code`. */
export function parseJsonObject(bytes: Uint8Array, code: Kind): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new PrtError(code, 'A part of a token is not JSON.', { cause: String(error) });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PrtError(code, 'A part of a token is not a JSON object.');
  }
  return value as Record<string, unknown>; // checked above: an object, and its members are unknown
}
