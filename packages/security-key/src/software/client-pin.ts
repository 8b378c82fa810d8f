/** authenticatorClientPIN (CTAP 2.1, section 6.5.5): the PIN's life, its tries, and tokens for the right PIN. */
import { type CborMap, CtapError, cborMap, type Members, need } from '../cbor.ts';
import { agree, keyAgreementKey } from '../cose.ts';
import { type PinProtocol, pinHash, pinProtocol, verifyMac } from '../pin-protocol.ts';
import { LIMIT, PERMISSION, PIN_COMMAND, STATUS } from '../registry.ts';
import type { Context, KeyCore } from './session.ts';
import type { PinRecord } from './state.ts';

const PADDED_PIN = 64;
const KNOWN_PERMISSIONS =
  PERMISSION.MAKE_CREDENTIAL |
  PERMISSION.GET_ASSERTION |
  PERMISSION.CREDENTIAL_MANAGEMENT |
  PERMISSION.CONFIGURATION;

export async function clientPin(request: Members, context: Context): Promise<CborMap | undefined> {
  const subcommand = need(request.integer(0x02), 'subCommand');
  if (subcommand === PIN_COMMAND.GET_PIN_RETRIES) return getPinRetries(context.key);
  const protocol = pinProtocol(need(request.integer(0x01), 'pinUvAuthProtocol'));
  if (protocol === undefined) throw new CtapError(STATUS.INVALID_PARAMETER, 'unknown PIN/UV auth protocol');
  switch (subcommand) {
    case PIN_COMMAND.GET_KEY_AGREEMENT:
      return cborMap([[0x01, keyAgreementKey(context.session.keyAgreement.publicKey)]]);
    case PIN_COMMAND.SET_PIN:
      return setPin(request, protocol, context);
    case PIN_COMMAND.CHANGE_PIN:
      return changePin(request, protocol, context);
    case PIN_COMMAND.GET_PIN_TOKEN:
      return getPinToken(request, protocol, context);
    case PIN_COMMAND.GET_TOKEN_USING_PIN:
      return getTokenWithPermissions(request, protocol, context);
    default:
      throw new CtapError(STATUS.INVALID_SUBCOMMAND, `no subcommand ${subcommand}`);
  }
}

function getPinRetries(key: KeyCore): CborMap {
  return cborMap([
    [0x03, key.state.current.pinRetries],
    [0x04, softBlocked(key)],
  ]);
}

/** Section 6.5.5.5. */
async function setPin(request: Members, protocol: PinProtocol, context: Context): Promise<undefined> {
  const peer = need(request.map(0x03), 'keyAgreement');
  const newPinEnc = need(request.bytes(0x05), 'newPinEnc');
  const mac = need(request.bytes(0x04), 'pinUvAuthParam');
  const { state, vault } = context.key;
  if (state.current.pin) throw new CtapError(STATUS.PIN_AUTH_INVALID, 'a PIN is already set');
  const secret = protocol.kdf(agree(context.session.keyAgreement.privateKey, peer));
  if (!verifyMac(protocol, secret, newPinEnc, mac)) {
    throw new CtapError(STATUS.PIN_AUTH_INVALID, 'setPIN: wrong MAC');
  }
  const pin = await vault.enroll(newPinHash(protocol.decrypt(secret, newPinEnc)));
  state.update({ pin, pinRetries: LIMIT.PIN_RETRIES });
}

/** Section 6.5.5.6. */
async function changePin(request: Members, protocol: PinProtocol, context: Context): Promise<undefined> {
  const peer = need(request.map(0x03), 'keyAgreement');
  const pinHashEnc = need(request.bytes(0x06), 'pinHashEnc');
  const newPinEnc = need(request.bytes(0x05), 'newPinEnc');
  const mac = need(request.bytes(0x04), 'pinUvAuthParam');
  const { state, vault } = context.key;
  const record = usablePin(context.key);
  const secret = protocol.kdf(agree(context.session.keyAgreement.privateKey, peer));
  if (!verifyMac(protocol, secret, Buffer.concat([newPinEnc, pinHashEnc]), mac)) {
    throw new CtapError(STATUS.PIN_AUTH_INVALID, 'changePIN: wrong MAC');
  }
  await tryPin(protocol.decrypt(secret, pinHashEnc), record, context);
  const hash = newPinHash(protocol.decrypt(secret, newPinEnc));
  if (state.current.pinChangeForced && (await vault.verify(hash, record))) {
    throw new CtapError(STATUS.PIN_POLICY_VIOLATION, 'the new PIN is the old one');
  }
  state.update({ pin: await vault.enroll(hash), pinChangeForced: false });
  context.key.tokenEpoch += 1;
}

/** Section 6.5.5.7.1: the token of CTAP 2.0, for registration and sign-in at the first RP that it is used with. */
function getPinToken(request: Members, protocol: PinProtocol, context: Context): Promise<CborMap> {
  if (request.has(0x09) || request.has(0x0a)) {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'getPinToken takes no permissions');
  }
  return issue(request, protocol, context, PERMISSION.MAKE_CREDENTIAL | PERMISSION.GET_ASSERTION, undefined);
}

/** Section 6.5.5.7.2. */
function getTokenWithPermissions(
  request: Members,
  protocol: PinProtocol,
  context: Context,
): Promise<CborMap> {
  const permissions = need(request.integer(0x09), 'permissions');
  const rpId = request.text(0x0a, { min: 1, max: LIMIT.RP_ID });
  if (permissions <= 0 || permissions > 0xff) {
    throw new CtapError(STATUS.INVALID_PARAMETER, 'no permission asked for');
  }
  if ((permissions & ~KNOWN_PERMISSIONS) !== 0) {
    throw new CtapError(STATUS.UNAUTHORIZED_PERMISSION, 'a permission that this key does not give');
  }
  if (permissions & (PERMISSION.MAKE_CREDENTIAL | PERMISSION.GET_ASSERTION)) need(rpId, 'rpId');
  return issue(request, protocol, context, permissions, rpId);
}

async function issue(
  request: Members,
  protocol: PinProtocol,
  context: Context,
  permissions: number,
  rpId: string | undefined,
): Promise<CborMap> {
  const peer = need(request.map(0x03), 'keyAgreement');
  const pinHashEnc = need(request.bytes(0x06), 'pinHashEnc');
  const record = usablePin(context.key);
  const secret = protocol.kdf(agree(context.session.keyAgreement.privateKey, peer));
  await tryPin(protocol.decrypt(secret, pinHashEnc), record, context);
  if (context.key.state.current.pinChangeForced) {
    throw new CtapError(STATUS.PIN_POLICY_VIOLATION, 'the PIN must be changed first');
  }
  const token = context.session.issueToken({
    protocol: protocol.number,
    epoch: context.key.tokenEpoch,
    permissions,
    rpId,
  });
  return cborMap([[0x02, protocol.encrypt(secret, token.value)]]);
}

/** The PIN's record, unless there is none or the key is blocked, softly or for good. */
function usablePin(key: KeyCore): PinRecord {
  const { pin, pinRetries } = key.state.current;
  if (pin === undefined) throw new CtapError(STATUS.PIN_NOT_SET, 'no PIN');
  if (pinRetries <= 0) throw new CtapError(STATUS.PIN_BLOCKED, 'no tries left');
  if (softBlocked(key)) throw new CtapError(STATUS.PIN_AUTH_BLOCKED, 'power cycle needed');
  return pin;
}

/** One try. It is spent on disk before the comparison, so that killing the process gives no free guess. */
async function tryPin(hash: Uint8Array | undefined, record: PinRecord, context: Context): Promise<void> {
  const { key, session } = context;
  const pinRetries = key.state.current.pinRetries - 1;
  key.state.update({ pinRetries });
  if (hash?.length === 16 && (await key.vault.verify(hash, record))) {
    key.wrongPinsInRow = 0;
    key.state.update({ pinRetries: LIMIT.PIN_RETRIES });
    return;
  }
  session.renewKeyAgreement();
  key.wrongPinsInRow += 1;
  if (pinRetries <= 0) throw new CtapError(STATUS.PIN_BLOCKED, 'wrong PIN, no tries left');
  if (softBlocked(key)) throw new CtapError(STATUS.PIN_AUTH_BLOCKED, 'three wrong PINs in a row');
  throw new CtapError(STATUS.PIN_INVALID, 'wrong PIN');
}

const softBlocked = (key: KeyCore) => key.wrongPinsInRow >= LIMIT.PIN_TRIES_PER_POWER_CYCLE;

/** The CTAP hash of a padded new PIN, after the PIN policy: 4 characters to 63 bytes of UTF-8. */
function newPinHash(padded: Uint8Array | undefined): Uint8Array {
  if (padded?.length !== PADDED_PIN) throw new CtapError(STATUS.INVALID_PARAMETER, 'newPinEnc: wrong length');
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  const pin = padded.subarray(0, end);
  const hash = pinHash(pin);
  const characters = countCharacters(pin);
  padded.fill(0);
  if (end > LIMIT.PIN_MAX || characters < LIMIT.PIN_MIN_CHARACTERS) {
    throw new CtapError(STATUS.PIN_POLICY_VIOLATION, 'the new PIN breaks the PIN policy');
  }
  return hash;
}

/** Unicode code points; none where the bytes are not UTF-8. */
function countCharacters(pin: Uint8Array): number {
  try {
    return [...new TextDecoder('utf-8', { fatal: true }).decode(pin)].length;
  } catch {
    return 0;
  }
}
