/** The hmac-secret extension at sign-in (CTAP 2.1, section 12.5): HMACs of one or two salts under CredRandom. */
import { createHmac } from 'node:crypto';
import { CtapError, type Members, need } from '../cbor.ts';
import { agree } from '../cose.ts';
import { pinProtocol, verifyMac } from '../pin-protocol.ts';
import { STATUS } from '../registry.ts';
import type { Session } from './session.ts';

const SALT = 32;

/** Given a credential's CredRandom, the encrypted output for the salts of the request. */
export type HmacSecret = (credRandom: Uint8Array) => Uint8Array;

/** Read and verify the extension's input. */
export function readHmacSecret(input: Members, session: Session): HmacSecret {
  const peer = need(input.map(0x01), 'hmac-secret: keyAgreement');
  const saltEnc = need(input.bytes(0x02), 'hmac-secret: saltEnc');
  const saltAuth = need(input.bytes(0x03), 'hmac-secret: saltAuth');
  const protocol = pinProtocol(input.integer(0x04) ?? 1);
  if (protocol === undefined) throw new CtapError(STATUS.INVALID_PARAMETER, 'hmac-secret: unknown protocol');
  const secret = protocol.kdf(agree(session.keyAgreement.privateKey, peer));
  if (!verifyMac(protocol, secret, saltEnc, saltAuth)) {
    throw new CtapError(STATUS.PIN_AUTH_INVALID, 'hmac-secret: wrong MAC');
  }
  const salts = protocol.decrypt(secret, saltEnc);
  if (salts?.length !== SALT && salts?.length !== 2 * SALT) {
    throw new CtapError(STATUS.INVALID_LENGTH, 'hmac-secret: one or two salts of 32 bytes');
  }
  const parts = salts.length === SALT ? [salts] : [salts.subarray(0, SALT), salts.subarray(SALT)];
  return (credRandom) => {
    const outputs = parts.map((salt) => createHmac('sha256', credRandom).update(salt).digest());
    return protocol.encrypt(secret, Buffer.concat(outputs));
  };
}
