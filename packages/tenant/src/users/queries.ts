/** The table of users. */
import { batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { UserRow } from '../store/schema.ts';

export async function insertUser(store: Store, row: UserRow): Promise<void> {
  await store.insertInto('users').values(row).execute();
}

export async function updateUser(store: Store, id: string, changes: Partial<UserRow>): Promise<void> {
  await store.updateTable('users').set(changes).where('id', '=', id).execute();
}

/** With the user go keys, challenges and PRTs. */
export async function deleteUser(store: Store, id: string): Promise<void> {
  await store.deleteFrom('users').where('id', '=', id).execute();
}

export const userById = batchedLookup<UserRow>(
  (store, ids) => store.selectFrom('users').selectAll().where('id', 'in', ids).execute(),
  (row) => row.id,
);

export const userByUpn = batchedLookup<UserRow>(
  (store, names) => store.selectFrom('users').selectAll().where('upn_folded', 'in', names).execute(),
  (row) => row.upn_folded,
);

export function userBySid(store: Store, sid: string): Promise<UserRow | undefined> {
  return store.selectFrom('users').selectAll().where('on_premises_sid', '=', sid).executeTakeFirst();
}

/** Users (two at most) whose name before the @ is this one. */
export function usersByShortName(store: Store, folded: string): Promise<UserRow[]> {
  const start = `${folded}@`;
  return store
    .selectFrom('users')
    .selectAll()
    .where((e) => e(e.fn<string>('substr', ['upn_folded', e.val(1), e.val(start.length)]), '=', start))
    .limit(2)
    .execute();
}

/** A page of users in the order of their names, after the given one; without those who were deleted in a directory. */
export function listUsers(store: Store, after: string, limit: number): Promise<UserRow[]> {
  return store
    .selectFrom('users')
    .selectAll()
    .where('upn_folded', '>', after)
    .where((e) =>
      e.not(
        e.exists(
          e
            .selectFrom('synced_users')
            .whereRef('user_id', '=', 'users.id')
            .where('deleted_on', 'is not', null)
            .select('user_id'),
        ),
      ),
    )
    .orderBy('upn_folded')
    .limit(limit)
    .execute();
}

/** Whether there is an administrator among the users. */
export async function hasAdministrator(store: Store): Promise<boolean> {
  const found = await store
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'administrator')
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
