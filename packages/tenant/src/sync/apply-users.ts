/**
 * Users of a batch. One is found again by its objectGUID. A user whom an administrator made before with the very SID is
 * taken over; a name that somebody else has is a problem of this one object, and stops no other.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { endSignIns } from '../sessions/queries.ts';
import type { Store } from '../store/open.ts';
import type { UserRow } from '../store/schema.ts';
import type { SyncedUserRow } from '../store/sync-rows.ts';
import { fold } from '../users/names.ts';
import { domainOfSid } from '../users/rules.ts';
import { displayName, samAccountName, userPrincipalName } from '../users/schema.ts';
import type { Applying } from './applying.ts';
import type { SyncUser } from './schema.ts';

interface Known {
  /** By anchor. */
  synced: Map<string, SyncedUserRow>;
  /** Holders of the names and SIDs that this batch brings. */
  byUpn: Map<string, string>;
  bySid: Map<string, UserRow>;
  byId: Map<string, UserRow>;
  /** Ids of those among them who come from a directory. */
  syncedIds: Set<string>;
}

export async function applyUsers(applying: Applying, given: readonly SyncUser[]): Promise<void> {
  if (given.length === 0) return;
  const known = await readKnown(applying, given);
  const fresh: Fresh = { users: [], accounts: [] };
  // Those who are here give up their old names first: somebody new may have one of them.
  const isKnown = (user: SyncUser) => known.synced.has(user.anchor);
  for (const user of [...given.filter(isKnown), ...given.filter((user) => !isKnown(user))]) {
    const problem = problemOf(applying, known, user);
    if (problem !== undefined) {
      applying.problem(user, user.userPrincipalName, problem);
      continue;
    }
    await applyUser(applying, known, fresh, user);
    applying.solved(user.anchor);
  }
  await insertFresh(applying.store, fresh);
}

/** Rows that are written together: a statement for each would cost more than all the rest. */
interface Fresh {
  users: UserRow[];
  accounts: SyncedUserRow[];
}
const ROWS_IN_STATEMENT = 100;

async function insertFresh(store: Store, { users, accounts }: Fresh): Promise<void> {
  for (let at = 0; at < users.length; at += ROWS_IN_STATEMENT) {
    await store
      .insertInto('users')
      .values(users.slice(at, at + ROWS_IN_STATEMENT))
      .execute();
  }
  for (let at = 0; at < accounts.length; at += ROWS_IN_STATEMENT) {
    await store
      .insertInto('synced_users')
      .values(accounts.slice(at, at + ROWS_IN_STATEMENT))
      .onConflict((conflict) =>
        conflict.column('user_id').doUpdateSet((e) => ({
          domain: e.ref('excluded.domain'),
          anchor: e.ref('excluded.anchor'),
          version: e.ref('excluded.version'),
          mail: e.ref('excluded.mail'),
          enabled: e.ref('excluded.enabled'),
          account_expires_on: e.ref('excluded.account_expires_on'),
          password_expires_on: e.ref('excluded.password_expires_on'),
          must_change_password: e.ref('excluded.must_change_password'),
          locked_until: e.ref('excluded.locked_until'),
          protected: e.ref('excluded.protected'),
          primary_group_sid: e.ref('excluded.primary_group_sid'),
          deleted_on: e.ref('excluded.deleted_on'),
        })),
      )
      .execute();
  }
}

async function readKnown({ store, domain }: Applying, given: readonly SyncUser[]): Promise<Known> {
  const anchors = given.map(({ anchor }) => anchor);
  const names = given.map((user) => fold(user.userPrincipalName));
  const sids = given.map(({ sid }) => sid);
  const synced = await store
    .selectFrom('synced_users')
    .selectAll()
    .where('domain', '=', domain.dns_name)
    .where('anchor', 'in', anchors)
    .execute();
  const rows = await store
    .selectFrom('users')
    .selectAll()
    .where((e) =>
      e.or([
        e('upn_folded', 'in', names),
        e('on_premises_sid', 'in', sids),
        ...(synced.length === 0
          ? []
          : [
              e(
                'id',
                'in',
                synced.map(({ user_id }) => user_id),
              ),
            ]),
      ]),
    )
    .execute();
  const others = await store
    .selectFrom('synced_users')
    .select('user_id')
    .where('user_id', 'in', ['', ...rows.map(({ id }) => id)])
    .execute();
  return {
    syncedIds: new Set(others.map(({ user_id }) => user_id)),
    synced: new Map(synced.map((row) => [row.anchor, row])),
    byUpn: new Map(rows.map((row) => [row.upn_folded, row.id])),
    bySid: new Map(rows.flatMap((row) => (row.on_premises_sid === null ? [] : [[row.on_premises_sid, row]]))),
    byId: new Map(rows.map((row) => [row.id, row])),
  };
}

/** Why this user cannot be taken. */
function problemOf({ domain }: Applying, known: Known, user: SyncUser) {
  if (!userPrincipalName.safeParse(user.userPrincipalName).success) {
    return {
      code: 'name-invalid',
      message: `The name ${user.userPrincipalName} is none that can sign in. Give the account another userPrincipalName in the directory.`,
    } as const;
  }
  if (!samAccountName.safeParse(user.samAccountName).success) {
    return {
      code: 'name-invalid',
      message: `The sAMAccountName ${user.samAccountName} cannot be used.`,
    } as const;
  }
  if (
    domainOfSid(user.sid) !== domain.domain_sid ||
    domainOfSid(user.primaryGroupSid) !== domain.domain_sid
  ) {
    return {
      code: 'sid-outside-domain',
      message: `The SID ${user.sid} is not of the domain ${domain.dns_name}.`,
    } as const;
  }
  const mine = known.synced.get(user.anchor)?.user_id;
  const sidHolder = known.bySid.get(user.sid);
  if (sidHolder !== undefined && sidHolder.id !== mine && !adoptable(known, domain.dns_name, sidHolder)) {
    return {
      code: 'sid-taken',
      message: `The SID ${user.sid} belongs to ${sidHolder.user_principal_name}.`,
    } as const;
  }
  const nameHolder = known.byUpn.get(fold(user.userPrincipalName));
  if (nameHolder !== undefined && nameHolder !== (mine ?? sidHolder?.id)) {
    return {
      code: 'user-exists',
      message: `There is another user ${user.userPrincipalName} in the tenant. Rename or delete that one, or give it this account's SID first.`,
    } as const;
  }
  return undefined;
}

/** Made by an administrator for this domain, and not synced from anywhere. */
function adoptable(known: Known, domain: string, row: UserRow): boolean {
  return row.on_premises_domain_name === domain && !known.syncedIds.has(row.id);
}

async function applyUser(applying: Applying, known: Known, fresh: Fresh, user: SyncUser): Promise<void> {
  const { store, now } = applying;
  const before = known.synced.get(user.anchor);
  const adopted = before === undefined ? known.bySid.get(user.sid) : undefined;
  const id = before?.user_id ?? adopted?.id ?? randomUUID();
  const names = namesOf(applying, user);
  if (before === undefined && adopted === undefined) {
    const row: UserRow = {
      id,
      ...names,
      enabled: 1,
      role: 'user',
      user_handle: randomBytes(32).toString('base64url'),
      created_on: now,
    };
    fresh.users.push(row);
    known.byId.set(id, row);
  } else {
    await store.updateTable('users').set(names).where('id', '=', id).execute();
    const old = known.byId.get(id);
    if (old !== undefined) {
      known.byUpn.delete(old.upn_folded);
      known.byId.set(id, { ...old, ...names });
    }
  }
  known.byUpn.set(names.upn_folded, id);
  const row = rowOf(applying, id, user);
  fresh.accounts.push(row);
  known.synced.set(user.anchor, row);
  known.syncedIds.add(id);
  const what =
    before === undefined
      ? adopted === undefined
        ? 'created'
        : 'adopted'
      : before.deleted_on === null
        ? 'updated'
        : 'restored';
  applying.counts[what === 'created' ? 'created' : 'updated'] += 1;
  applying.event(`sync.user-${what}`, `user:${id}`);
  if (before !== undefined && before.enabled !== row.enabled) {
    applying.event(row.enabled === 1 ? 'user.enabled' : 'user.disabled', `user:${id}`);
  }
}

function namesOf({ domain }: Applying, user: SyncUser) {
  const shown = displayName.safeParse(user.displayName.slice(0, 256));
  return {
    user_principal_name: user.userPrincipalName.trim(),
    upn_folded: fold(user.userPrincipalName.trim()),
    display_name: shown.success ? shown.data : user.userPrincipalName,
    on_premises_sid: user.sid,
    on_premises_sam_account_name: user.samAccountName,
    on_premises_domain_name: domain.dns_name,
  };
}

function rowOf({ domain }: Applying, id: string, user: SyncUser): SyncedUserRow {
  return {
    user_id: id,
    domain: domain.dns_name,
    anchor: user.anchor,
    version: user.version,
    mail: user.mail,
    enabled: Number(user.enabled),
    account_expires_on: user.accountExpiresOn,
    password_expires_on: user.passwordExpiresOn,
    must_change_password: Number(user.mustChangePassword),
    locked_until: user.lockedUntil,
    protected: Number(user.protected),
    primary_group_sid: user.primaryGroupSid,
    deleted_on: null,
  };
}

/**
 * A user who is gone keeps keys and id for a while, in case it was a mistake; the name is free for another at once, and
 * Primary Refresh Tokens end now.
 */
export async function deleteSyncedUser(applying: Applying, anchor: string): Promise<void> {
  const { store, domain, now } = applying;
  const row = await store
    .selectFrom('synced_users')
    .selectAll()
    .where('domain', '=', domain.dns_name)
    .where('anchor', '=', anchor)
    .where('deleted_on', 'is', null)
    .executeTakeFirst();
  applying.solved(anchor);
  if (row === undefined) return;
  await release(store, row.user_id, now);
  applying.deleted('user');
  applying.event('sync.user-deleted', `user:${row.user_id}`);
}

async function release(store: Store, userId: string, now: string): Promise<void> {
  await store
    .updateTable('synced_users')
    .set({ deleted_on: now, version: '-' })
    .where('user_id', '=', userId)
    .execute();
  await store
    .updateTable('users')
    .set({
      upn_folded: userId,
      on_premises_sid: null,
      on_premises_sam_account_name: null,
      on_premises_domain_name: null,
    })
    .where('id', '=', userId)
    .execute();
  await endSignIns(store, userId);
  await store.deleteFrom('prts').where('user_id', '=', userId).execute();
}
