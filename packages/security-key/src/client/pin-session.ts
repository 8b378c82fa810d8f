/** The platform's side of the PIN protocols: shared secret, PIN changes, tokens (CTAP 2.1, section 6.5.4). */
import { generateKeyPairSync } from 'node:crypto';
import { type CborMap, type CborValue, cborMap, Members } from '../cbor.ts';
import { agree, keyAgreementKey } from '../cose.ts';
import { SecurityKeyError } from '../error.ts';
import { type PinProtocol, pinHash, pinProtocol } from '../pin-protocol.ts';
import { newPin, normalPin } from '../pin-text.ts';
import { COMMAND, LIMIT, PIN_COMMAND } from '../registry.ts';
import type { KeyInfo } from '../security-key.ts';

/** Sends a command with its members; gives the answer's members. Throws SecurityKeyError. */
export type Call = (command: number, request?: CborMap) => Promise<Members>;

/** A shared secret with the key, for one exchange. */
export interface PinSession {
  readonly protocol: PinProtocol;
  /** Our public key, as COSE. */
  readonly platformKey: CborMap;
  readonly secret: Uint8Array;
}

/** Agree on a secret under the newest protocol that both know. */
export async function openPinSession(call: Call, info: KeyInfo): Promise<PinSession> {
  const number = [2, 1].find((known) => info.pinProtocols.includes(known));
  const protocol = number === undefined ? undefined : pinProtocol(number);
  if (protocol === undefined) {
    throw new SecurityKeyError(
      'unsupported-option',
      'The key knows no PIN protocol of ours; take another key.',
    );
  }
  const request = pinRequest(protocol, PIN_COMMAND.GET_KEY_AGREEMENT, []);
  const peer = (await call(COMMAND.CLIENT_PIN, request)).map(0x01) ?? new Members(new Map());
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { protocol, platformKey: keyAgreementKey(publicKey), secret: protocol.kdf(agree(privateKey, peer)) };
}

export async function sendNewPin(call: Call, session: PinSession, newPin: string): Promise<void> {
  const { protocol, platformKey, secret } = session;
  const newPinEnc = protocol.encrypt(secret, padPin(newPin));
  const request = pinRequest(protocol, PIN_COMMAND.SET_PIN, [
    [0x03, platformKey],
    [0x04, protocol.authenticate(secret, newPinEnc)],
    [0x05, newPinEnc],
  ]);
  await call(COMMAND.CLIENT_PIN, request);
}

export async function sendPinChange(
  call: Call,
  session: PinSession,
  oldPin: string,
  newPin: string,
): Promise<void> {
  const { protocol, platformKey, secret } = session;
  const newPinEnc = protocol.encrypt(secret, padPin(newPin));
  const pinHashEnc = protocol.encrypt(secret, pinHash(utf8(oldPin)));
  const request = pinRequest(protocol, PIN_COMMAND.CHANGE_PIN, [
    [0x03, platformKey],
    [0x04, protocol.authenticate(secret, Buffer.concat([newPinEnc, pinHashEnc]))],
    [0x05, newPinEnc],
    [0x06, pinHashEnc],
  ]);
  await call(COMMAND.CLIENT_PIN, request);
}

/** A token for one permission, and one RP where it is given; from a key of CTAP 2.0, a token for all. */
export async function fetchToken(
  call: Call,
  session: PinSession,
  info: KeyInfo,
  grant: { readonly pin: string; readonly permission: number; readonly rpId?: string },
): Promise<Uint8Array> {
  const { protocol, platformKey, secret } = session;
  const scoped = info.options.pinUvAuthToken === true;
  const subcommand = scoped ? PIN_COMMAND.GET_TOKEN_USING_PIN : PIN_COMMAND.GET_PIN_TOKEN;
  const request = pinRequest(protocol, subcommand, [
    [0x03, platformKey],
    [0x06, protocol.encrypt(secret, pinHash(utf8(grant.pin)))],
    [0x09, scoped ? grant.permission : undefined],
    [0x0a, scoped ? grant.rpId : undefined],
  ]);
  const sealed = (await call(COMMAND.CLIENT_PIN, request)).bytes(0x02);
  const token = sealed && protocol.decrypt(secret, sealed);
  if (token === undefined) {
    throw new SecurityKeyError('protocol-error', 'The key gave no usable token; start again.');
  }
  return token;
}

function pinRequest(
  protocol: PinProtocol,
  subcommand: number,
  members: readonly (readonly [number, CborValue | undefined])[],
): CborMap {
  return cborMap([[0x01, protocol.number], [0x02, subcommand], ...members]);
}

const utf8 = (pin: string) => Buffer.from(normalPin(pin));

function padPin(pin: string): Uint8Array {
  const bytes = Buffer.from(newPin(pin));
  return Buffer.concat([bytes, Buffer.alloc(LIMIT.PIN_MAX + 1 - bytes.length)]);
}
