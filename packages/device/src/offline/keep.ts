/**
 * Keeping the offline cache: made at a sign-in with the security key's secret, and written anew, without the security
 * key, with each renewal and each ticket while its user is signed in.
 */
import { encodeCcache } from '@kennel/kerberos';
import type { OfflineTerms } from '@kennel/prt';
import { masterKeyOf } from '@kennel/secrets';
import { bootKey, liveSecrets } from '../state/boot-key.ts';
import { sealed } from '../state/seal.ts';
import { findUser, type UserRecord, userLabel, writeUser } from '../state/user.ts';
import { principalOf, readCcache } from '../tickets/ccache.ts';
import { findCache, removeCache, writeCache } from './cache.ts';
import { type OfflineContent, openContent, sealContent } from './content.ts';
import { newContentKey, wrap } from './secret.ts';
import { reasonAgainst } from './state.ts';

const DAY_MS = 86_400_000;
const NOTE_TIME_MS = 3600_000;
/** Larger ticket caches are not kept for later. */
const LARGEST_TICKETS = 256 * 1024;

/** What the security key took part with. */
export interface KeyPart {
  credentialId: string;
  /** 32 bytes. */
  salt: Uint8Array;
  /** 32 bytes; wiped here. Undefined where the credential has none. */
  secret: Uint8Array | undefined;
  counter: number;
}

interface By {
  stateDir: string;
  device: { tenant: { rpId: string; url: string }; device: { id: string } };
  now: () => Date;
}

/**
 * After a sign-in: a cache under a new key, in place of the one that was there. Where there can be none, the record says
 * why, and the old one goes: it may be another key's.
 */
export function keepOffline(
  { stateDir, device, now }: By,
  upn: string,
  terms: OfflineTerms | undefined,
  { credentialId, salt, secret, counter }: KeyPart,
): void {
  const record = findUser(stateDir, upn);
  if (record === undefined) return; // signed out meanwhile
  const { offline: _old, offlineRefusal: _refusal, ...rest } = record;
  const matching = terms?.credential_id === credentialId ? terms : undefined;
  const reason = reasonAgainst(matching, secret !== undefined);
  if (reason !== undefined || secret === undefined || matching === undefined) {
    removeCache(stateDir, upn);
    writeUser(stateDir, { ...rest, ...(reason && { offlineRefusal: reason }) });
    return;
  }
  const { bytes, key } = newContentKey();
  try {
    const boot = bootKey(stateDir, device.device.id);
    const bound = {
      deviceId: device.device.id,
      user: record.user,
      credential: {
        id: credentialId,
        publicKey: matching.public_key,
        rpId: device.tenant.rpId,
        origin: device.tenant.url,
        salt: Buffer.from(salt).toString('base64url'),
      },
    };
    const kept = { ...rest, offline: { key: sealed(boot, userLabel(upn, 'offline-key'), bytes) } };
    const times = { goodUntil: goodUntilOf(now(), matching.days), lastSeen: now().toISOString(), counter };
    writeUser(stateDir, kept);
    writeCache(stateDir, {
      ...bound,
      wrapped: wrap(secret, bound, bytes),
      content: sealContent(key, contentOf(stateDir, device.device.id, kept, times)),
      goodUntil: times.goodUntil,
      writtenOn: now().toISOString(),
    });
  } finally {
    bytes.fill(0);
    secret.fill(0);
  }
}

/** Notes now and then that time goes on: a clock that is set back later is told by it. */
export function noteTime(by: By, upn: string): void {
  const written = findCache(by.stateDir, upn)?.writtenOn;
  if (written !== undefined && by.now().getTime() - Date.parse(written) >= NOTE_TIME_MS)
    refreshOffline(by, upn);
}

/**
 * While its user is signed in: what came since goes into the cache.
 *
 * @param terms of a renewal, from which time counts anew; a tenant that does not say them any more, or says 0 days, ends it
 */
export function refreshOffline(
  { stateDir, device, now }: By,
  upn: string,
  contact?: { terms: OfflineTerms | undefined },
): void {
  const record = findUser(stateDir, upn);
  const cache = findCache(stateDir, upn);
  if (record?.offline === undefined || cache === undefined) return;
  if (contact !== undefined) {
    const same = contact.terms?.credential_id === cache.credential.id ? contact.terms : undefined;
    const reason = reasonAgainst(same, true);
    if (reason !== undefined) {
      const { offline: _, ...rest } = record;
      writeUser(stateDir, { ...rest, offlineRefusal: reason });
      removeCache(stateDir, upn);
      return;
    }
  }
  const key = masterKeyOf(
    liveSecrets(stateDir, device.device.id)(userLabel(upn, 'offline-key'), record.offline.key),
  );
  const before = openContent(key, upn, cache.content);
  const days = contact?.terms?.days;
  const times = {
    goodUntil: days === undefined ? before.goodUntil : goodUntilOf(now(), days),
    // A contact says that the clock is what it is; without one it only goes on.
    lastSeen: days === undefined ? later(before.lastSeen, now().toISOString()) : now().toISOString(),
    counter: before.counter,
  };
  const content = sealContent(key, contentOf(stateDir, device.device.id, record, times));
  writeCache(stateDir, { ...cache, content, goodUntil: times.goodUntil, writtenOn: now().toISOString() });
}

type Times = Pick<OfflineContent, 'goodUntil' | 'lastSeen' | 'counter'>;

function contentOf(stateDir: string, deviceId: string, record: UserRecord, times: Times): OfflineContent {
  const live = liveSecrets(stateDir, deviceId);
  const { offline: _key, partialTgt, prt, ...rest } = record;
  const { token, sessionKey, ...about } = prt;
  const { upn } = record.user;
  const secret = (purpose: 'prt' | 'session-key' | 'partial-tgt', text: string) =>
    live(userLabel(upn, purpose), text);
  const tickets = record.ticket && readTickets(record.ticket);
  return {
    record: rest,
    prt: about,
    secrets: {
      prt: secret('prt', token).toString('utf8'),
      sessionKey: secret('session-key', sessionKey).toString('base64'),
      ...(partialTgt && { partialTgt: secret('partial-tgt', partialTgt.sealed).toString('utf8') }),
    },
    ...(partialTgt && { partialTgt: { realm: partialTgt.realm, endTime: partialTgt.endTime } }),
    ...(tickets && { tickets: tickets.toString('base64') }),
    ...times,
  };
}

/** The cache as programs have it by now, if it is still this user's. */
function readTickets({ ccache, principal }: NonNullable<UserRecord['ticket']>): Buffer | undefined {
  const cache = readCcache(ccache);
  if (cache === undefined || principalOf(cache) !== principal) return undefined;
  const bytes = encodeCcache(cache);
  return bytes.length > LARGEST_TICKETS ? undefined : Buffer.from(bytes);
}

const goodUntilOf = (now: Date, days: number) => new Date(now.getTime() + days * DAY_MS).toISOString();
/** Of two times in ISO 8601. */
export const later = (a: string, b: string): string => (a < b ? b : a);
