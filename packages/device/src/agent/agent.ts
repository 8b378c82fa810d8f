/**
 * The agent: keeps what a sign-in gave alive. It renews each user's Primary Refresh Token every four hours, fresh tickets
 * with it, and fetches the ticket that is still missing as soon as a domain controller can be reached. When the network
 * changes it looks at once. What only the person can mend (a token that is over, a disabled account) it tells once, and
 * leaves alone until that person signs in again.
 */
import { networkInterfaces } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { PRT_RENEWAL_SECONDS } from '@kennel/prt';
import { DeviceError } from '../errors/device-error.ts';
import type { DeviceErrorCode } from '../errors/table.ts';
import { noteTime } from '../offline/keep.ts';
import { renewPrt } from '../sign-in/renew.ts';
import { isLocked } from '../state/boot-key.ts';
import { readDevice } from '../state/device.ts';
import { listUsers, type UserRecord } from '../state/user.ts';
import { fetchTickets } from '../tickets/fetch.ts';
import { type ConversationEvent, type ConversationOptions, isSigningIn } from './conversation.ts';
import { listenForSignIns } from './socket.ts';

/** What the agent did for a user, or why it could not. */
export type AgentEvent =
  | { event: 'renewed'; user: string; prtExpiresOn: Date; ticket: 'full' | DeviceErrorCode }
  | { event: 'ticket-fetched'; user: string; endTime: Date }
  /** Tried again by itself, in so many seconds at the latest. */
  | { event: 'waiting'; user: string; code: DeviceErrorCode; message: string; retryInSeconds: number }
  /** Left alone until the person signs in again. */
  | { event: 'gave-up'; user: string; code: DeviceErrorCode; message: string; next: string }
  | { event: 'network-changed' }
  /** Somebody at a prompt. */
  | ConversationEvent;

export interface SignIns extends Pick<ConversationOptions, 'openKey' | 'domain' | 'ticketsDir' | 'lookup'> {
  socketPath: string;
}

export interface AgentOptions {
  stateDir: string;
  /** Ends the agent. */
  signal: AbortSignal;
  onEvent: (event: AgentEvent) => void;
  /** Where people sign in through it, as at a login prompt; nowhere unless given. */
  signIns?: SignIns;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  /** How often it looks, in milliseconds. */
  every?: number;
}

const EVERY_MS = 5_000;
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 15 * 60_000;

/** Failures that pass by themselves; every other one is for the person or an administrator. */
const PASSING: readonly DeviceErrorCode[] = [
  'tenant-unreachable',
  'tenant-failed',
  'tenant-certificate-untrusted',
  'nonce-expired',
  'nonce-replayed',
  'prt-superseded',
  'changed-meanwhile',
  'dc-unreachable',
  'dc-not-found',
  'dc-clock-skew',
  'dc-key-unknown',
];

interface Standing {
  /** Of which sign-in or renewal this is said. */
  issuedOn: string;
  failures: number;
  /** Undefined: never again for this one. */
  notBefore: number | undefined;
}

/**
 * Runs until the signal; a failure is told and outlived.
 *
 * @throws DeviceError `not-joined`, `agent-running`, `agent-socket-unusable`, and those of the state files
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { stateDir, onEvent, now, signIns } = options;
  readDevice(stateDir);
  let lookNow = new AbortController();
  const wake = () => {
    lookNow.abort();
    lookNow = new AbortController();
  };
  const socket =
    signIns &&
    (await listenForSignIns(signIns.socketPath, {
      ...signIns,
      stateDir,
      onEvent,
      onSignedIn: wake,
      ...(now && { now }),
    }));
  try {
    await look(options, () => lookNow.signal);
  } finally {
    await socket?.close();
  }
}

/** @param hurry ends the present wait when somebody has signed in */
async function look(options: AgentOptions, hurry: () => AbortSignal): Promise<void> {
  const { stateDir, signal, onEvent, now = () => new Date(), every = EVERY_MS } = options;
  const standings = new Map<string, Standing>();
  let network = networkNow();
  while (!signal.aborted) {
    const joined = readDevice(stateDir);
    const records = isSigningIn(stateDir) ? [] : listUsers(stateDir);
    for (const record of records) {
      // Who signed in before a restart is at the key's next: there is nothing here to renew with.
      if (isLocked(stateDir, joined.device.id, record.prt.token)) continue;
      noteTime({ stateDir, device: joined, now }, record.user.upn);
      await care(record, { stateDir, onEvent, now, standings });
    }
    // Either signal ends the wait; the first one ends the loop as well.
    await wait(every, undefined, { signal: AbortSignal.any([signal, hurry()]) }).catch(() => undefined);
    const before = network;
    network = networkNow();
    if (network === before) continue;
    onEvent({ event: 'network-changed' });
    for (const standing of standings.values()) if (standing.notBefore !== undefined) standing.notBefore = 0;
  }
}

interface Care extends Required<Pick<AgentOptions, 'stateDir' | 'onEvent' | 'now'>> {
  standings: Map<string, Standing>;
}

async function care(record: UserRecord, by: Care): Promise<void> {
  const { stateDir, onEvent, now, standings } = by;
  const { upn } = record.user;
  const { issuedOn } = record.prt;
  const known = standings.get(upn);
  const standing = known?.issuedOn === issuedOn ? known : { issuedOn, failures: 0, notBefore: 0 };
  standings.set(upn, standing);
  if (standing.notBefore === undefined || now().getTime() < standing.notBefore) return;
  const age = now().getTime() + record.tenantTimeOffset - Date.parse(issuedOn);
  try {
    // Who was signed in offline is asked for at the tenant as soon as it answers: it may have been revoked.
    if (age >= PRT_RENEWAL_SECONDS * 1000 || record.offline?.unlockedOn !== undefined) {
      const { prtExpiresOn, ticket } = await renewPrt({ stateDir, user: upn, now });
      onEvent({
        event: 'renewed',
        user: upn,
        prtExpiresOn,
        ticket: ticket.state === 'full' ? 'full' : ticket.code,
      });
    } else if (record.partialTgt !== undefined) {
      const ticket = await fetchTickets({ stateDir, user: upn, now });
      if (ticket.state === 'none') throw new DeviceError(ticket.code);
      onEvent({ event: 'ticket-fetched', user: upn, endTime: ticket.endTime });
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    fail(standing, error, upn, by);
  }
}

/** Twice as long after each failure, to a quarter of an hour; what does not pass by itself is told and left. */
function fail(standing: Standing, error: DeviceError, user: string, { onEvent, now }: Care): void {
  const { code, message, next } = error;
  if (!PASSING.includes(code)) {
    standing.notBefore = undefined;
    onEvent({ event: 'gave-up', user, code, message, next });
    return;
  }
  const retry = Math.min(FIRST_RETRY_MS * 2 ** standing.failures, LONGEST_RETRY_MS);
  standing.failures += 1;
  standing.notBefore = now().getTime() + retry;
  onEvent({ event: 'waiting', user, code, message, retryInSeconds: Math.round(retry / 1000) });
}

/** The addresses of this machine: another text, another network. */
function networkNow(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses
    .filter(({ internal }) => !internal)
    .map(({ cidr, mac }) => `${mac} ${cidr}`)
    .sort()
    .join('\n');
}
