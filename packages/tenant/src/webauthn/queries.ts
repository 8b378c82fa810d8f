/** The tables of security keys and of the challenges of their registration. */
import { sql } from 'kysely';
import { batched, batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { CredentialRow, Database, UserRow } from '../store/schema.ts';

type ChallengeRow = Database['challenges'];

/** That a key was used: when, and where (`device:<id>`, or a browser in words). */
export interface KeyUse {
  id: string;
  backedUp: number;
  now: string;
  where: string | null;
}

export async function insertChallenge(store: Store, row: ChallengeRow): Promise<void> {
  await store.insertInto('challenges').values(row).execute();
}

/** Takes a challenge out of the store: whoever gets it is the only one. */
export function takeChallenge(store: Store, hash: string): Promise<ChallengeRow | undefined> {
  return store.deleteFrom('challenges').where('challenge_hash', '=', hash).returningAll().executeTakeFirst();
}

export async function purgeChallenges(store: Store, now: string): Promise<void> {
  await store.deleteFrom('challenges').where('expires_on', '<', now).execute();
}

export async function insertCredential(store: Store, row: CredentialRow): Promise<void> {
  await store.insertInto('credentials').values(row).execute();
}

/** A key, removed ones included. */
export const credentialById = batchedLookup<CredentialRow>(
  (store, ids) => store.selectFrom('credentials').selectAll().where('id', 'in', ids).execute(),
  (row) => row.id,
);

/** Every column of a user: the compiler sees that none is missing. */
const USER_COLUMNS = Object.keys({
  id: true,
  user_principal_name: true,
  upn_folded: true,
  display_name: true,
  enabled: true,
  role: true,
  user_handle: true,
  on_premises_sid: true,
  on_premises_sam_account_name: true,
  on_premises_domain_name: true,
  created_on: true,
} satisfies Record<keyof UserRow, true>) as (keyof UserRow)[]; // its keys are these
/** Both tables have an id, a name and a time. */
const OF_USER = 'of_user_';

export interface CredentialWithUser {
  credential: CredentialRow;
  user: UserRow;
}

/** A key with the user it belongs to, removed ones included. One statement: every sign-in asks for it. */
export const credentialWithUser = batchedLookup<CredentialWithUser>(
  async (store, ids) => {
    const rows: (CredentialRow & Record<string, unknown>)[] = await store
      .selectFrom('credentials')
      .innerJoin('users', 'users.id', 'credentials.user_id')
      .selectAll('credentials')
      .select(USER_COLUMNS.map((column) => `users.${column} as ${OF_USER}${column}` as const))
      .where('credentials.id', 'in', ids)
      .execute();
    return rows.map(apart);
  },
  ({ credential }) => credential.id,
);

function apart(row: Record<string, unknown>): CredentialWithUser {
  const isOfUser = ([name]: [string, unknown]) => name.startsWith(OF_USER);
  const members = Object.entries(row);
  const user = members.filter(isOfUser).map(([name, value]) => [name.slice(OF_USER.length), value]);
  return {
    credential: Object.fromEntries(members.filter((member) => !isOfUser(member))) as unknown as CredentialRow, // the rest
    user: Object.fromEntries(user) as UserRow, // each of its columns was selected
  };
}

/** The keys of a user that were not removed, oldest first. */
export function credentialsOfUser(store: Store, userId: string): Promise<CredentialRow[]> {
  return store
    .selectFrom('credentials')
    .selectAll()
    .where('user_id', '=', userId)
    .where('removed_on', 'is', null)
    .orderBy('created_on')
    .orderBy('id')
    .execute();
}

/**
 * Raises the signature counter, if it rises (or was and is zero: a key without one) and the key was not
 * removed: of two answers with the same counter only one gets true.
 */
export const advanceCounter = batched<KeyUse & { counter: number }, boolean>(async (store, uses) => {
  const first = new Map<string, KeyUse & { counter: number }>();
  for (const use of uses) if (!first.has(use.id)) first.set(use.id, use);
  const raised = await advanceEach(store, [...first.values()]);
  // Whoever shows the same key again in this batch comes after.
  const again = uses.filter((use) => first.get(use.id) !== use);
  const later = await Promise.all(again.map(async (use) => (await advanceEach(store, [use])).has(use.id)));
  return uses.map((use) =>
    first.get(use.id) === use ? raised.has(use.id) : later[again.indexOf(use)] === true,
  );
});

/** The keys whose counters rose; each key once. */
async function advanceEach(
  store: Store,
  uses: readonly (KeyUse & { counter: number })[],
): Promise<Set<string>> {
  // In one order, so that two processes that raise the same counters seldom wait for one another.
  const sorted = [...uses].sort((a, b) => (a.id < b.id ? -1 : 1));
  const given = sorted.map(
    ({ id, counter, backedUp, now, where }) =>
      sql`(cast(${id} as text), cast(${counter} as bigint), cast(${backedUp} as integer), cast(${now} as text), cast(${where} as text))`,
  );
  const { rows } = await sql<{ id: string }>`
    with given(key_id, new_counter, new_backed_up, used_on, used_where) as (values ${sql.join(given)})
    update credentials
    set counter = new_counter, backed_up = new_backed_up, last_used_on = used_on, last_used_where = used_where
    from given
    where id = key_id and removed_on is null
      and (counter < new_counter or (counter = 0 and new_counter = 0))
    returning id`.execute(store);
  return new Set(rows.map(({ id }) => id));
}

/** Notes a use whose counter did not rise, and leaves the counter; false where the key was removed. */
export async function recordUse(store: Store, p: KeyUse): Promise<boolean> {
  const result = await store
    .updateTable('credentials')
    .set({ backed_up: p.backedUp, last_used_on: p.now, last_used_where: p.where })
    .where('id', '=', p.id)
    .where('removed_on', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Whether there was such a key of that user to rename. */
export async function renameCredential(
  store: Store,
  userId: string,
  id: string,
  displayName: string,
): Promise<boolean> {
  const result = await store
    .updateTable('credentials')
    .set({ display_name: displayName })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('removed_on', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Whether there was such a key of that user to remove. */
export async function removeCredential(
  store: Store,
  userId: string,
  id: string,
  now: string,
): Promise<boolean> {
  const result = await store
    .updateTable('credentials')
    .set({ removed_on: now })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('removed_on', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
