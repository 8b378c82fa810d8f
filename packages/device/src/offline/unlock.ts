/**
 * Signing in without the tenant: the security key proves itself to this machine as it would to the tenant, and its secret
 * opens what the last sign-in left. A wrong PIN, another key or a failed check changes nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { decodeCcache } from '@kennel/kerberos';
import { encodeBase64Url } from '@kennel/prt';
import { masterKeyOf } from '@kennel/secrets';
import { type SecurityKey, SecurityKeyError, verifyAssertionJson } from '@kennel/security-key';
import { askKey } from '../assertion.ts';
import { DeviceError } from '../errors/device-error.ts';
import { bootKey } from '../state/boot-key.ts';
import { type DeviceRecord, readDevice } from '../state/device.ts';
import type { Owner } from '../state/files.ts';
import { sealed } from '../state/seal.ts';
import { isMeant, type UserRecord, userLabel, writeUser } from '../state/user.ts';
import { type OnStep, stepper } from '../step.ts';
import { ccachePlace, replaceCcache } from '../tickets/ccache.ts';
import { type TicketState, ticketStateNow } from '../tickets/state.ts';
import { findCache, listCaches, type OfflineCache, writeCache } from './cache.ts';
import { type OfflineContent, openContent, sealContent } from './content.ts';
import { later } from './keep.ts';
import { unwrap } from './secret.ts';

/** A clock may be set back by so much, in milliseconds: two programs' clocks, a leap second, a correction. */
const CLOCK_TOLERANCE = 5 * 60_000;

export interface UnlockOptions {
  stateDir: string;
  key: SecurityKey;
  pin: string;
  /** Whose; else whoever the key belongs to. */
  user?: string;
  /** The account of the domain that is meant, as for signing in. */
  account?: string;
  /** In place of the cache of the last sign-in. */
  ccache?: string;
  ccacheOwner?: Owner;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

export interface Unlocked {
  user: { upn: string; name: string; objectId: string };
  /** Until when this works without the tenant, by this machine's clock. */
  goodUntil: Date;
  ticket: TicketState;
}

/**
 * Unlocks what a user's last sign-in left.
 *
 * @throws DeviceError `offline-no-cache`, `offline-expired`, `offline-clock-back`, `offline-key-unproven`,
 *   `offline-key-without-secret`, and those of the key and of the state files
 */
export async function unlock(options: UnlockOptions): Promise<Unlocked> {
  const { stateDir, now = () => new Date() } = options;
  const device = readDevice(stateDir);
  const step = stepper(options.onStep);
  const { cache, contentKey, counter } = await step(
    'assertion',
    () => prove(options, device, candidates(stateDir, options.user, now())),
    () => 'The security key proved itself to this machine, and gave back the secret of the offline cache.',
  );
  return step(
    'unlock',
    () => {
      try {
        const content = openContent(masterKeyOf(Buffer.from(contentKey)), cache.user.upn, cache.content);
        checkTimes(content, now());
        checkCounter(content, counter);
        const { user, ticket } = content.record;
        if (!isMeant(options, { upn: user.upn, principal: ticket?.principal })) {
          throw new DeviceError('key-of-another-user', { about: user.upn });
        }
        return restore(options, device, { cache, content, contentKey, counter, now });
      } finally {
        contentKey.fill(0);
      }
    },
    ({ user, goodUntil }) => `${user.upn} is signed in offline, until ${goodUntil.toISOString()}.`,
  );
}

/** Those that may be asked for; what is over already needs no touch. */
function candidates(stateDir: string, user: string | undefined, now: Date): OfflineCache[] {
  const found = user === undefined ? listCaches(stateDir) : [findCache(stateDir, user) ?? []].flat();
  if (found.length === 0)
    throw new DeviceError('offline-no-cache', user === undefined ? {} : { about: user });
  const good = found.filter(({ goodUntil }) => Date.parse(goodUntil) > now.getTime());
  if (good.length === 0) throw new DeviceError('offline-expired', { about: found[0]?.goodUntil ?? '' });
  return good;
}

interface Proven {
  cache: OfflineCache;
  contentKey: Buffer;
  counter: number;
}

/** The first of the caches whose credential the key holds. */
async function prove(
  { key, pin }: UnlockOptions,
  device: DeviceRecord,
  caches: readonly OfflineCache[],
): Promise<Proven> {
  for (const cache of caches) {
    const { credential, deviceId } = cache;
    if (deviceId !== device.device.id) continue; // of a join that is over
    const { id, publicKey, rpId, origin } = credential;
    const challenge = offlineChallenge();
    const asked = { rpId, origin, challenge: encodeBase64Url(challenge), allowCredentials: [{ id }] };
    const salt = Buffer.from(credential.salt, 'base64url');
    const made = await askKey(key, { ...asked, secretSalt: salt }, pin).catch((error: unknown) => {
      if (error instanceof DeviceError && error.code === 'no-credentials') return undefined;
      throw error;
    });
    if (made === undefined) continue;
    const { counter } = verified(() =>
      verifyAssertionJson(made.assertion, { id, publicKey, rpId, origin, challenge: asked.challenge }),
    );
    if (made.secret === undefined) throw new DeviceError('offline-key-without-secret');
    try {
      return { cache, contentKey: unwrap(made.secret, cache), counter };
    } finally {
      made.secret.fill(0);
    }
  }
  throw new DeviceError('offline-no-cache', { about: 'for this security key' });
}

/** Never that of a request to the tenant: those are hashes over the tenant's nonce, under other prefixes. */
const offlineChallenge = () =>
  createHash('sha256').update('kennel offline fido2 v1\0').update(randomBytes(32)).digest();

function verified<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SecurityKeyError)) throw error;
    throw new DeviceError('offline-key-unproven', { details: { ...error.details, cause: error.code } });
  }
}

function checkTimes({ goodUntil, lastSeen }: OfflineContent, now: Date): void {
  if (now.getTime() < Date.parse(lastSeen) - CLOCK_TOLERANCE) {
    throw new DeviceError('offline-clock-back', {
      about: `last used ${lastSeen}, and it says ${now.toISOString()}`,
    });
  }
  if (now.getTime() >= Date.parse(goodUntil)) throw new DeviceError('offline-expired', { about: goodUntil });
}

/** Keys without a counter always say 0. */
function checkCounter({ counter: before }: OfflineContent, counter: number): void {
  if ((before > 0 || counter > 0) && counter <= before) throw new DeviceError('key-counter-regressed');
}

/** Token and tickets as they were left; the cache notes that it was opened. */
function restore(
  { stateDir, ccache, ccacheOwner }: UnlockOptions,
  { device }: DeviceRecord,
  by: Proven & { content: OfflineContent; now: () => Date },
): Unlocked {
  const { cache, content, contentKey, counter, now } = by;
  const { user } = content.record;
  const boot = bootKey(stateDir, device.id);
  const seal = (purpose: Parameters<typeof userLabel>[1], bytes: Uint8Array) =>
    sealed(boot, userLabel(user.upn, purpose), bytes);
  const { secrets, partialTgt } = content;
  const { ticket: _before, ccacheOwner: ownerBefore, ...kept } = content.record;
  const path = ccache === undefined ? kept.ccache : ccachePlace(ccache);
  const owner = ccache === undefined ? ownerBefore : ccacheOwner;
  const ticket = restoreTickets(content, { path, owner }, now());
  const record: UserRecord = {
    ...kept,
    ccache: path,
    ...(owner && { ccacheOwner: owner }),
    ...(ticket && { ticket }),
    prt: {
      ...content.prt,
      token: seal('prt', Buffer.from(secrets.prt)),
      sessionKey: seal('session-key', Buffer.from(secrets.sessionKey, 'base64')),
    },
    ...(partialTgt &&
      secrets.partialTgt !== undefined && {
        partialTgt: { ...partialTgt, sealed: seal('partial-tgt', Buffer.from(secrets.partialTgt)) },
      }),
    offline: { key: seal('offline-key', contentKey), unlockedOn: now().toISOString() },
  };
  writeUser(stateDir, record);
  const writtenOn = now().toISOString();
  const lastSeen = later(content.lastSeen, writtenOn);
  const seen = sealContent(masterKeyOf(Buffer.from(contentKey)), { ...content, lastSeen, counter });
  writeCache(stateDir, { ...cache, content: seen, goodUntil: content.goodUntil, writtenOn });
  return { user, goodUntil: new Date(content.goodUntil), ticket: ticketStateNow(record, now()) };
}

/** Where the ticket that was kept is still good, it is put back. */
function restoreTickets(
  { record: { ticket }, tickets }: OfflineContent,
  { path, owner }: { path: string; owner: Owner | undefined },
  now: Date,
): UserRecord['ticket'] {
  if (ticket === undefined || tickets === undefined) return undefined;
  if (Date.parse(ticket.endTime) <= now.getTime() + ticket.kdcTimeOffset) return undefined;
  const file = replaceCcache(path, decodeCcache(Buffer.from(tickets, 'base64')), { owner });
  return { ...ticket, ccache: file };
}
