/** What the reports ask of users and keys; removed keys count nowhere. */
import type { ExpressionBuilder } from 'kysely';
import type { Store } from '../store/open.ts';
import type { CredentialRow, Database, UserRow } from '../store/schema.ts';

/** A page of enabled users with exactly so many keys, in the order of their names. */
export function usersWithKeys(store: Store, keys: number, after: string, limit: number): Promise<UserRow[]> {
  return store
    .selectFrom('users')
    .selectAll('users')
    .where('enabled', '=', 1)
    .where('upn_folded', '>', after)
    .where((e) => e(keysOf(e), '=', keys))
    .orderBy('upn_folded')
    .limit(limit)
    .execute();
}

const keysOf = (e: ExpressionBuilder<Database, 'users'>) =>
  e
    .selectFrom('credentials')
    .whereRef('credentials.user_id', '=', 'users.id')
    .where('removed_on', 'is', null)
    .select(({ fn }) => fn.countAll<number>().as('keys'));

export type UnusedKeyRow = Pick<
  CredentialRow,
  'id' | 'display_name' | 'aaguid' | 'created_on' | 'last_used_on'
> &
  Pick<UserRow, 'user_principal_name'> & { user_id: string };

/** A page of keys with their users, in the order of their ids; what is wanted of them is selected from it. */
const keysPage = (store: Store, after: string, limit: number) =>
  store
    .selectFrom('credentials')
    .innerJoin('users', 'users.id', 'credentials.user_id')
    .select('users.user_principal_name')
    .where('removed_on', 'is', null)
    .where('credentials.id', '>', after)
    .orderBy('credentials.id')
    .limit(limit);

/** A page of keys that were neither used nor registered since `before`. */
export function unusedKeys(
  store: Store,
  before: string,
  after: string,
  limit: number,
): Promise<UnusedKeyRow[]> {
  return keysPage(store, after, limit)
    .select([
      'credentials.id',
      'credentials.display_name',
      'credentials.aaguid',
      'credentials.created_on',
      'credentials.last_used_on',
      'credentials.user_id',
    ])
    .where((e) => e(e.fn.coalesce('last_used_on', 'credentials.created_on'), '<', before))
    .execute();
}

/** A page of keys as they stand in the store, with the names of their users. */
export const keysWithUsers = (store: Store, after: string, limit: number) =>
  keysPage(store, after, limit).selectAll('credentials').execute();

/** How many keys and users each AAGUID has, the most frequent first. */
export function keysByModel(store: Store): Promise<{ aaguid: string; keys: number; users: number }[]> {
  return store
    .selectFrom('credentials')
    .where('removed_on', 'is', null)
    .groupBy('aaguid')
    .select(({ fn }) => [
      'aaguid',
      fn.countAll<number>().as('keys'),
      fn.count<number>('user_id').distinct().as('users'),
    ])
    .orderBy('keys', 'desc')
    .orderBy('aaguid')
    .execute();
}
