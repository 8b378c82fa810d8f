/** One conversation at the agent's socket: somebody signs in, or asks how it stands. */
import type { SecurityKey } from '@kennel/security-key';
import { DeviceError } from '../errors/device-error.ts';
import { KEY_ERRORS } from '../errors/peers.ts';
import { DEVICE_ERRORS, type DeviceErrorCode } from '../errors/table.ts';
import { type AnySignIn, signInAnywhere } from '../offline/fallback.ts';
import { findDevice } from '../state/device.ts';
import { readStatus } from '../status.ts';
import type { Lines } from './lines.ts';
import { type Lookup, localUser } from './local-user.ts';
import { type Ask, answerLine, parseAsk } from './protocol.ts';
import { ticketsFile } from './tickets-place.ts';

/** What somebody at a prompt did, for the agent's own log. Never a PIN. */
export type ConversationEvent =
  | { event: 'signed-in'; local: string; user: string; mode: AnySignIn['mode'] }
  | { event: 'sign-in-refused'; local: string; code: DeviceErrorCode }
  | { event: 'not-ours'; local: string; reason: string };

export interface ConversationOptions {
  stateDir: string;
  /** Opens the security key; `onTouchNeeded` is called when it waits for a touch. */
  openKey: (onTouchNeeded: () => void) => Promise<SecurityKey>;
  domain: string | undefined;
  ticketsDir: string;
  lookup?: Lookup;
  /** Looks after who has just signed in. */
  onSignedIn?: () => void;
  onEvent: (event: ConversationEvent) => void;
  now?: () => Date;
}

/** Where another way of signing in may do better: the key or the tenant is not there, or nothing is kept here. */
const UNAVAILABLE: readonly DeviceErrorCode[] = [
  'key-unreachable',
  'tenant-unreachable',
  'offline-no-cache',
  'offline-off',
  'offline-not-offered',
  'offline-key-without-secret',
  'agent-busy',
];

/** A machine has one security key at a time. */
const busy = new Set<string>();

/** Then the state is that sign-in's to write. */
export const isSigningIn = (stateDir: string): boolean => busy.has(stateDir);

/** Answers one request; whatever happens, the last line says how it ended. */
export async function converse(lines: Lines, options: ConversationOptions): Promise<void> {
  const line = await lines.next();
  if (line === undefined)
    return lines.send(answerLine('malformed', 'a line of at most 1000 bytes is expected'));
  const ask = parseAsk(line);
  if (ask === undefined) return lines.send(answerLine('malformed', 'no such request'));
  try {
    if (ask.verb === 'status') tellStatus(lines, options);
    else await signInHere(lines, ask, options);
  } catch (thrown) {
    const error = asDeviceError(thrown);
    if (ask.verb !== 'status') {
      options.onEvent({ event: 'sign-in-refused', local: ask.name, code: error.code });
    }
    const word = UNAVAILABLE.includes(error.code) ? 'unavailable' : 'failed';
    lines.send(answerLine(word, error.code, error.message, error.next));
  }
}

function tellStatus(lines: Lines, { stateDir, now }: ConversationOptions): void {
  const status = readStatus(stateDir, now);
  if (!status.joined) {
    lines.send(answerLine('ignore', 'this device is not joined'));
    return;
  }
  for (const { upn, prt, locked, ticket } of status.users) {
    const standing = locked ? 'locked' : prt.valid ? 'signed in' : 'over';
    lines.send(
      answerLine('info', `${upn}: ${standing}, ticket: ${ticket.state === 'full' ? 'yes' : ticket.code}`),
    );
  }
  for (const { upn, goodUntil } of status.offline) {
    lines.send(answerLine('info', `${upn}: offline until ${goodUntil.toISOString()}`));
  }
  lines.send(answerLine('ok', `${status.device.displayName}, ${status.tenant.name}`));
}

async function signInHere(
  lines: Lines,
  { verb, name }: Exclude<Ask, { verb: 'status' }>,
  options: ConversationOptions,
): Promise<void> {
  const { stateDir, domain, ticketsDir, lookup, onEvent, now } = options;
  const ignore = (reason: string) => {
    onEvent({ event: 'not-ours', local: name, reason });
    lines.send(answerLine('ignore', reason));
  };
  if (findDevice(stateDir) === undefined) return ignore('this device is not joined');
  const found = await localUser(name, { stateDir, domain, ...(lookup && { lookup }) });
  if (typeof found === 'string') return ignore(found);
  if (busy.has(stateDir)) throw new DeviceError('agent-busy');
  busy.add(stateDir);
  try {
    const { owner, ...meant } = found;
    const result = await withKey(options, lines, async (key) => {
      const pin = await askPin(lines);
      if (pin === undefined) return undefined;
      const ccache = ticketsFile(ticketsDir, owner.uid);
      return signInAnywhere({
        ...meant,
        stateDir,
        key,
        pin,
        ccache,
        ccacheOwner: owner,
        offline: verb === 'unlock',
        ...(now && { now }),
      });
    });
    if (result === undefined) return lines.send(answerLine('failed', 'cancelled', 'Nothing was changed.'));
    onEvent({ event: 'signed-in', local: name, user: result.user.upn, mode: result.mode });
    tellResult(lines, result);
    options.onSignedIn?.();
  } finally {
    busy.delete(stateDir);
  }
}

/** The key is opened before the PIN is asked for: where there is none, nobody types one. */
async function withKey<T>(
  { openKey }: ConversationOptions,
  lines: Lines,
  use: (key: SecurityKey) => Promise<T>,
): Promise<T> {
  const key = await openKey(() => lines.send(answerLine('touch', 'Touch your security key.')));
  const close = () => void key.close();
  lines.gone.addEventListener('abort', close); // who went away does not touch the key any more
  try {
    return await use(key);
  } finally {
    lines.gone.removeEventListener('abort', close);
    await key.close();
  }
}

async function askPin(lines: Lines): Promise<string | undefined> {
  lines.send(answerLine('pin', 'PIN of your security key'));
  const [, pin] = /^pin (.+)$/su.exec((await lines.next()) ?? '') ?? [];
  return pin;
}

function tellResult(lines: Lines, result: AnySignIn): void {
  const { user, ticket } = result;
  if (ticket.state === 'full') lines.send(answerLine('ccache', `FILE:${ticket.ccache}`));
  else lines.send(answerLine('info', `No Kerberos ticket: ${ticket.message} ${ticket.next}`));
  const offline = result.mode === 'offline' ? ` offline, until ${result.goodUntil.toISOString()}` : '';
  lines.send(answerLine('ok', `${user.upn}${offline}`));
}

/** Every error of ours has its words; what is none is a fault of the agent, and told as that. */
function asDeviceError(error: unknown): DeviceError {
  if (error instanceof DeviceError) return error;
  const { code } = error as { code?: unknown }; // anything may be thrown
  const known = typeof code === 'string' && Object.hasOwn(KEY_ERRORS, code);
  const mapped = known ? KEY_ERRORS[code as keyof typeof KEY_ERRORS] : undefined; // it is one of its keys
  return new DeviceError(mapped ?? 'key-failed', {
    ...(mapped === undefined && { message: DEVICE_ERRORS['key-failed'].message }),
    details: { cause: String(error) },
    cause: error,
  });
}
