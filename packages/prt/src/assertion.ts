/**
 * A FIDO2 assertion on the wire: five base64url members as a JSON string, and the challenge that binds it to its
 * purpose. Inside a PRT request both are Kennel's own, since no public source shows another; on the web page they
 * are as existing clients make them. A challenge for one purpose never equals one for another.
 */
import { createHash } from 'node:crypto';
import { PrtError } from './errors.ts';
import { LIMITS } from './registry.ts';

/** A WebAuthn assertion (W3C WebAuthn, section 5.2.2), every member base64url without padding. */
export interface FidoAssertion {
  /** The credential id. */
  id: string;
  clientDataJSON: string;
  authenticatorData: string;
  signature: string;
  /** The user handle that was stored with the credential; empty where the key gave none. */
  userHandle: string;
}

/** The longest that each member may be, in characters. */
const MEMBERS: Readonly<Record<keyof FidoAssertion, { least: number; most: number }>> = {
  id: { least: 1, most: 1_364 },
  clientDataJSON: { least: 1, most: 8_192 },
  authenticatorData: { least: 50, most: 4_096 },
  signature: { least: 1, most: 2_048 },
  userHandle: { least: 0, most: 86 },
};
const BASE64URL = /^[A-Za-z0-9_-]*$/;

function malformed(message: string): PrtError {
  return new PrtError('malformed-assertion', `The security key's assertion ${message}; sign in again.`);
}

/**
 * Reads the five-member assertion. Further members are left out of the result.
 *
 * @throws PrtError malformed-assertion
 */
export function parseAssertion(text: string): FidoAssertion {
  if (text.length > LIMITS.assertion) throw malformed('is too long');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed('is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw malformed('is not a JSON object');
  const object = value as Record<string, unknown>; // an object, and its members are unknown
  const member = (name: keyof FidoAssertion): string => {
    const item = Object.hasOwn(object, name) ? object[name] : undefined;
    const { least, most } = MEMBERS[name];
    if (typeof item !== 'string' || item.length < least || item.length > most) {
      throw malformed(`has no usable ${name}`);
    }
    if (!BASE64URL.test(item) || item.length % 4 === 1)
      throw malformed(`has a ${name} that is not base64url`);
    return item;
  };
  return {
    id: member('id'),
    clientDataJSON: member('clientDataJSON'),
    authenticatorData: member('authenticatorData'),
    signature: member('signature'),
    userHandle: member('userHandle'),
  };
}

const PRT_PREFIX = 'kennel prt fido2 v1';
const REGISTRATION_PREFIX = 'kennel registration fido2 v1';

/**
 * The challenge that the security key signs.
 *
 * For a PRT: SHA-256(prefix || 0x00 || nonce || SHA-256 of the device certificate), so that an assertion which
 * another device relays does not fit. For a registration token: SHA-256(prefix || 0x00 || nonce). On the web page:
 * the characters of the nonce, which is longer.
 *
 * @returns 32 bytes, or those of the nonce
 */
export function assertionChallenge(
  p:
    | { purpose: 'prt'; nonce: string; deviceCertificate: Uint8Array }
    | { purpose: 'registration'; nonce: string }
    | { purpose: 'web'; nonce: string },
): Uint8Array {
  if (p.purpose === 'web') return Buffer.from(p.nonce, 'latin1');
  const prefix = p.purpose === 'prt' ? PRT_PREFIX : REGISTRATION_PREFIX;
  const hash = createHash('sha256').update(`${prefix}\0${p.nonce}`);
  if (p.purpose === 'prt') hash.update(createHash('sha256').update(p.deviceCertificate).digest());
  return hash.digest();
}
