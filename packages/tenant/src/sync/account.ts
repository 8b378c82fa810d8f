/**
 * What the directory says of a user's account, at this moment: the connector brings the facts, the clock decides. A
 * disabled, expired or deleted account may not sign in; one whose password is over may, and gets no ticket, since the
 * domain controller would refuse it. A lock-out is left to the domain controller unless a setting says otherwise: anyone
 * can cause one with wrong passwords, and nobody types one here.
 */
import { sql } from 'kysely';
import { TenantError, type TenantErrorCode } from '../errors.ts';
import { batched } from '../store/batch.ts';
import type { UserRow } from '../store/schema.ts';
import type { SyncedUserRow } from '../store/sync-rows.ts';
import type { Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { type SyncedAccount, syncedAccount } from './queries.ts';
import type { OnPremisesAccount } from './schema.ts';
import { settingsOf } from './settings.ts';

const DOMAIN_USERS = 513;

interface Refusal {
  code: TenantErrorCode;
  message: string;
}

/**
 * @param account of the user; undefined for who is the tenant's own
 * @throws TenantError `account-*` where the directory's account may not sign in
 */
export function checkAccount(tenant: Tenant, account: SyncedAccount | undefined): void {
  const refusal = account && signInRefusal(account, iso(tenant.now()));
  if (refusal !== undefined) throw new TenantError(refusal.code, refusal.message);
}

function signInRefusal(row: SyncedAccount, now: string): Refusal | undefined {
  const where = row.domain;
  if (row.deleted_on !== null) {
    return {
      code: 'account-deleted',
      message: `Your account was deleted in ${where}. Ask your administrator, if that was a mistake.`,
    };
  }
  if (row.enabled !== 1) {
    return {
      code: 'account-disabled-on-premises',
      message: `Your account is disabled in ${where}. Ask your administrator to enable it there.`,
    };
  }
  if (row.account_expires_on !== null && row.account_expires_on <= now) {
    return {
      code: 'account-expired-on-premises',
      message: `Your account in ${where} has expired. Ask your administrator to extend it.`,
    };
  }
  if (isLocked(row, now) && settingsOf(row).refuseLockedOut) {
    return {
      code: 'account-locked-on-premises',
      message: `Your account in ${where} is locked after wrong passwords. Wait until it is free, or ask your administrator.`,
    };
  }
  return undefined;
}

const isLocked = (row: SyncedUserRow, now: string) => row.locked_until !== null && row.locked_until > now;

/** Why a user who may sign in gets no ticket; undefined for one who is not synced. */
export async function ticketRefusal(tenant: Tenant, user: UserRow): Promise<Refusal | undefined> {
  const { store } = tenant;
  const row = await syncedAccount(store, user.id);
  if (row === undefined) return undefined;
  const now = iso(tenant.now());
  if (row.must_change_password === 1) {
    return {
      code: 'tgt-password-must-change',
      message: `The password of your account in ${row.domain} must be changed before it gets tickets. Change it, or ask your administrator to clear that mark.`,
    };
  }
  if (row.password_expires_on !== null && row.password_expires_on <= now) {
    return {
      code: 'tgt-password-expired',
      message: `The password of your account in ${row.domain} has expired, so it gets no tickets. Change it, or ask your administrator.`,
    };
  }
  const groups = await groupSidsOf(store, user.id);
  const isAllowed = (sid: string) => groups.has(sid) || sid === user.on_premises_sid;
  if (!groups.has(`${row.domain_sid}-${DOMAIN_USERS}`)) {
    return {
      code: 'tgt-not-in-domain-users',
      message: `Your account is not in Domain Users of ${row.domain}, so it gets no tickets. Ask your administrator.`,
    };
  }
  if (row.protected === 1 && !settingsOf(row).allowedProtected.some(isAllowed)) {
    return {
      code: 'tgt-protected-account',
      message: `Your account is protected in ${row.domain}, and gets no ticket by security key. Sign in with an ordinary account.`,
    };
  }
  return undefined;
}

/** SIDs of all groups of a synced user: the primary one, the direct ones, and those that these are in. */
const groupSidsOf = batched<string, Set<string>>(async (store, userIds) => {
  const { rows } = await sql<{ user_id: string; name: string }>`
    ${groupsReached(userIds)}
    select r.user_id as user_id, g.sid as name
      from synced_groups g join reached r on r.domain = g.domain and r.anchor = g.anchor
    union select user_id, primary_group_sid as name from synced_users where user_id in (${sql.join(userIds)})`.execute(
    store,
  );
  return byUser(userIds, rows);
});

/** Ids of all groups of a user, synced ones and the tenant's own. */
export const groupIdsOf = batched<string, Set<string>>(async (store, userIds) => {
  const { rows } = await sql<{ user_id: string; name: string }>`
    ${groupsReached(userIds)}
    select r.user_id as user_id, g.group_id as name
      from synced_groups g join reached r on r.domain = g.domain and r.anchor = g.anchor
    union select user_id, group_id as name from user_group_members where user_id in (${sql.join(userIds)})`.execute(
    store,
  );
  return byUser(userIds, rows);
});

function byUser(
  userIds: readonly string[],
  rows: readonly { user_id: string; name: string }[],
): Set<string>[] {
  const names = new Map(userIds.map((id) => [id, new Set<string>()]));
  for (const { user_id: id, name } of rows) names.get(id)?.add(name);
  return userIds.map((id) => names.get(id) ?? new Set());
}

/** Walks up from each user; each group once, so that groups in a circle end. */
const groupsReached = (userIds: readonly string[]) => sql`with recursive reached(user_id, domain, anchor) as (
  select u.user_id, g.domain, g.anchor from synced_groups g
    join synced_users u on u.domain = g.domain and u.primary_group_sid = g.sid
    where u.user_id in (${sql.join(userIds)}) and u.deleted_on is null
  union
  select u.user_id, m.domain, m.group_anchor from synced_members m
    join synced_users u on u.domain = m.domain and u.anchor = m.member_anchor
    where u.user_id in (${sql.join(userIds)}) and u.deleted_on is null
  union
  select r.user_id, m.domain, m.group_anchor from synced_members m
    join reached r on r.domain = m.domain and r.anchor = m.member_anchor)`;

/** The account behind a user; null for one who is the tenant's own. */
export async function onPremisesAccount(tenant: Tenant, user: UserRow): Promise<OnPremisesAccount | null> {
  const { store } = tenant;
  const row = await syncedAccount(store, user.id);
  if (row === undefined) return null;
  const now = iso(tenant.now());
  return {
    domain: row.domain,
    objectGuid: row.anchor,
    mail: row.mail,
    enabled: row.enabled === 1,
    accountExpiresOn: row.account_expires_on,
    passwordExpiresOn: row.password_expires_on,
    mustChangePassword: row.must_change_password === 1,
    lockedUntil: isLocked(row, now) ? row.locked_until : null,
    protected: row.protected === 1,
    inDomainUsers: (await groupSidsOf(store, user.id)).has(`${row.domain_sid}-${DOMAIN_USERS}`),
    deletedOn: row.deleted_on,
    signInRefusal: signInRefusal(row, now) ?? null,
    ticketRefusal: (await ticketRefusal(tenant, user)) ?? null,
  };
}
