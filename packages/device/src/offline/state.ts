/** Whether a user can be signed in without the tenant, and if not, why. */
import type { OfflineTerms } from '@kennel/prt';
import { DEVICE_ERRORS } from '../errors/table.ts';
import type { UserRecord } from '../state/user.ts';
import type { OfflineCache } from './cache.ts';

/** Why a sign-in could leave nothing for the next one without the tenant. */
type OfflineReason = NonNullable<UserRecord['offlineRefusal']>;

export type OfflineState =
  | { available: true; goodUntil: Date }
  | {
      available: false;
      code: OfflineReason | 'offline-no-cache' | 'offline-expired';
      message: string;
      next: string;
    };

export function offlineState(
  record: Pick<UserRecord, 'offlineRefusal'> | undefined,
  cache: OfflineCache | undefined,
  now: Date,
): OfflineState {
  if (cache !== undefined) {
    const goodUntil = new Date(cache.goodUntil);
    if (goodUntil > now) return { available: true, goodUntil };
  }
  const code = cache === undefined ? (record?.offlineRefusal ?? 'offline-no-cache') : 'offline-expired';
  return { available: false, code, ...DEVICE_ERRORS[code] };
}

/** @param hasSecret whether the security key gave one for the salt */
export function reasonAgainst(
  terms: OfflineTerms | undefined,
  hasSecret: boolean,
): OfflineReason | undefined {
  if (terms === undefined) return 'offline-not-offered';
  if (terms.days === 0) return 'offline-off';
  return hasSecret ? undefined : 'offline-key-without-secret';
}
