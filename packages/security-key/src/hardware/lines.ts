/** The tools' input and output: base64 blobs and UTF-8 strings, a line each (fido2-cred(1), fido2-assert(1)). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { decodeCbor } from '../cbor.ts';
import { type AuthenticatorData, parseAuthenticatorData } from '../client/authenticator-data.ts';
import { SecurityKeyError } from '../error.ts';
import { FLAG } from '../registry.ts';
import type { Tool } from './tool.ts';

/** The lines of an output, without the empty end. */
export const lines = (stdout: string): string[] => stdout.split('\n').filter((line) => line !== '');

/** What a tool printed is not what it should be. Its text is not repeated: it may hold an hmac-secret. */
export function unreadable(tool: string, what: string, cause?: unknown): SecurityKeyError {
  return new SecurityKeyError(
    'protocol-error',
    `${tool} gave no readable ${what}; try again, and see that libfido2's tools are of version 1.12 or newer.`,
    { tool, what },
    cause,
  );
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Throws `protocol-error` for what is not base64. */
export function fromBase64(text: string | undefined, tool: Tool, what: string): Uint8Array {
  if (text === undefined || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw unreadable(tool, what);
  }
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** A string for a tool's input. Throws `request-invalid` for one that would be taken for several lines. */
export function inputLine(text: string, what: string): string {
  if (!/[\n\r\0]/.test(text) && text !== '') return text;
  throw new SecurityKeyError(
    'request-invalid',
    `The ${what} is empty or has a line break in it; change it.`,
    {
      what,
    },
  );
}

/** A PIN to be typed. Throws `pin-invalid` for what nobody can have set. */
export function typedPin(pin: string): string {
  if (!/[\n\r\0]/.test(pin)) return pin;
  throw new SecurityKeyError('pin-invalid', 'A PIN has no line break in it; enter it again.');
}

export interface SignedData extends AuthenticatorData {
  readonly bytes: Uint8Array;
}

/**
 * Authenticator data as the tools print them, a CBOR byte string in base64, seen to be of this RP and to bear UP and
 * UV. Throws `protocol-error`.
 */
export function readAuthenticatorData(text: string | undefined, tool: Tool, rpId: string): SignedData {
  let data: SignedData;
  try {
    const bytes = decodeCbor(fromBase64(text, tool, 'authenticator data'));
    if (!(bytes instanceof Uint8Array)) throw new TypeError('not a byte string');
    data = { ...parseAuthenticatorData(bytes), bytes: Uint8Array.from(bytes) };
  } catch (error) {
    throw unreadable(tool, 'authenticator data', error);
  }
  const expected = createHash('sha256').update(rpId).digest();
  if (!timingSafeEqual(expected, data.bytes.subarray(0, 32))) throw unreadable(tool, 'data of this site');
  if ((data.flags & (FLAG.UP | FLAG.UV)) !== (FLAG.UP | FLAG.UV)) {
    throw new SecurityKeyError('protocol-error', 'The key did not verify the user; take another key.', {
      tool,
    });
  }
  return data;
}
