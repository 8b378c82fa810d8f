/** The tables of security keys and of the challenges of their registration. */
import { sql } from 'kysely';
import { batched, batchedLookup } from '../store/batch.ts';
import { givenRows } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { CredentialRow, Database } from '../store/schema.ts';

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

const usesGiven = givenRows<KeyUse & { counter: number }>({
  id: 'text',
  counter: 'bigint',
  backedUp: 'bigint',
  now: 'text',
  where: 'text',
});

/** The keys whose counters rose; each key once. */
async function advanceEach(
  store: Store,
  uses: readonly (KeyUse & { counter: number })[],
): Promise<Set<string>> {
  // In one order, so that two processes that raise the same counters seldom wait for one another.
  const sorted = [...uses].sort((a, b) => (a.id < b.id ? -1 : 1));
  const { rows } = await sql<{ id: string }>`
    update credentials
    set counter = given.counter, backed_up = given."backedUp", last_used_on = given.now, last_used_where = given."where"
    from ${usesGiven(store, sorted)}
    where credentials.id = given.id and credentials.removed_on is null
      and (credentials.counter < given.counter or (credentials.counter = 0 and given.counter = 0))
    returning credentials.id as id`.execute(store);
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
