/** The tables of security keys and of the challenges of their registration. */
import type { Store } from '../store/open.ts';
import type { CredentialRow, Database, UserRow } from '../store/schema.ts';

type ChallengeRow = Database['challenges'];

/** That a key was used: when, and where (`device:<id>`, or a browser in words). */
interface KeyUse {
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
export function credentialById(store: Store, id: string): Promise<CredentialRow | undefined> {
  return store.selectFrom('credentials').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A key with the user it belongs to, removed ones included. */
export async function credentialWithUser(
  store: Store,
  id: string,
): Promise<{ credential: CredentialRow; user: UserRow } | undefined> {
  const credential = await credentialById(store, id);
  if (credential === undefined) return undefined;
  const user = await store
    .selectFrom('users')
    .selectAll()
    .where('id', '=', credential.user_id)
    .executeTakeFirst();
  return user === undefined ? undefined : { credential, user };
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
 * removed. One statement: of two answers with the same counter only one gets true.
 */
export async function advanceCounter(store: Store, p: KeyUse & { counter: number }): Promise<boolean> {
  const result = await store
    .updateTable('credentials')
    .set({ counter: p.counter, backed_up: p.backedUp, last_used_on: p.now, last_used_where: p.where })
    .where('id', '=', p.id)
    .where('removed_on', 'is', null)
    .where((e) => (p.counter === 0 ? e('counter', '=', 0) : e('counter', '<', p.counter)))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
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
