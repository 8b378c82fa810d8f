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

/** A key with the user it belongs to, removed ones included. One statement: every sign-in asks for it. */
export async function credentialWithUser(
  store: Store,
  id: string,
): Promise<{ credential: CredentialRow; user: UserRow } | undefined> {
  const row: (CredentialRow & Record<string, unknown>) | undefined = await store
    .selectFrom('credentials')
    .innerJoin('users', 'users.id', 'credentials.user_id')
    .selectAll('credentials')
    .select(USER_COLUMNS.map((column) => `users.${column} as ${OF_USER}${column}` as const))
    .where('credentials.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
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
