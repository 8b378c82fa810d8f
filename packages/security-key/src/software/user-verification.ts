/** How a request proves user verification: a MAC under a pinUvAuthToken (CTAP 2.1, sections 6.1.2, 6.2.2, 6.5.5.7). */
import { CtapError, type Members, need } from '../cbor.ts';
import { type PinProtocol, pinProtocol, verifyMac } from '../pin-protocol.ts';
import { LIMIT, STATUS } from '../registry.ts';
import type { Context, PinToken, TouchRequest } from './session.ts';

export interface AuthParam {
  readonly protocol: PinProtocol;
  readonly mac: Uint8Array;
}

/** The pinUvAuthParam and its protocol, from the members where this command keeps them; undefined where absent. */
export function readAuthParam(request: Members, macKey: number, protocolKey: number): AuthParam | undefined {
  const mac = request.bytes(macKey, { max: 32 });
  if (mac === undefined || mac.length === 0) return undefined;
  const protocol = pinProtocol(need(request.integer(protocolKey), 'pinUvAuthProtocol'));
  if (protocol === undefined) throw new CtapError(STATUS.INVALID_PARAMETER, 'unknown PIN/UV auth protocol');
  return { protocol, mac };
}

/** An empty pinUvAuthParam asks the person to point out a key by touching it, and answers whether it has a PIN. */
export async function answerProbe(
  request: Members,
  macKey: number,
  touch: TouchRequest,
  context: Context,
): Promise<void> {
  if (request.bytes(macKey)?.length !== 0) return;
  await context.touch(touch);
  const status = context.key.state.current.pin ? STATUS.PIN_INVALID : STATUS.PIN_NOT_SET;
  throw new CtapError(status, 'empty pinUvAuthParam');
}

/** The live token that made this MAC, with the permission asked for. Throws PIN_AUTH_INVALID. */
export function verifyToken(
  auth: AuthParam,
  message: Uint8Array,
  permission: number,
  context: Context,
): PinToken {
  const { token } = context.session;
  const genuine =
    token !== undefined &&
    token.epoch === context.key.tokenEpoch &&
    token.protocol === auth.protocol.number &&
    verifyMac(auth.protocol, token.value, message, auth.mac) &&
    (token.permissions & permission) !== 0;
  if (!genuine) throw new CtapError(STATUS.PIN_AUTH_INVALID, 'pinUvAuthParam does not verify');
  if (!token.used) {
    token.used = true;
    token.expires = performance.now() + LIMIT.TOKEN_USE - LIMIT.TOKEN_FIRST_USE;
  }
  return token;
}

/** Bind a token to the RP that it is first used with; refuse it for another. */
export function bindToRp(token: PinToken, rpId: string): void {
  token.rpId ??= rpId;
  if (token.rpId !== rpId) throw new CtapError(STATUS.PIN_AUTH_INVALID, 'the token is for another RP');
}

/** After a registration or a sign-in a token is spent, whatever else it allowed. */
export function spend(token: PinToken | undefined): void {
  if (token) token.permissions = 0;
}

/** The "uv" option asks for a fingerprint reader or the like, which this key lacks. */
export function refuseBuiltInUv(options: Members | undefined, auth: AuthParam | undefined): void {
  if (options?.boolean('uv') && auth === undefined) {
    throw new CtapError(STATUS.INVALID_OPTION, 'no built-in user verification');
  }
}
