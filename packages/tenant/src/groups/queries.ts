/** The tables of groups and their members. */
import { sql } from 'kysely';
import type { Store } from '../store/open.ts';
import type { GroupRow, UserRow } from '../store/schema.ts';

export async function insertGroup(store: Store, row: GroupRow): Promise<void> {
  await store.insertInto('user_groups').values(row).execute();
}

/** By id or by folded name. */
export function groupByName(store: Store, folded: string): Promise<GroupRow | undefined> {
  return store
    .selectFrom('user_groups')
    .selectAll()
    .where((e) => e.or([e('id', '=', folded), e('name_folded', '=', folded)]))
    .executeTakeFirst();
}

/** All groups in the order of their names, with the number of their members. */
export function listGroups(store: Store): Promise<(GroupRow & { members: number })[]> {
  return store
    .selectFrom('user_groups')
    .selectAll('user_groups')
    .select((e) =>
      e
        .selectFrom('user_group_members')
        .whereRef('group_id', '=', 'user_groups.id')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .$asScalar()
        .$notNull()
        .as('members'),
    )
    .orderBy('name_folded')
    .execute();
}

/** Removes a group that no policy is for; false where one is. One statement. */
export async function deleteGroup(store: Store, id: string): Promise<boolean> {
  const result = await store
    .deleteFrom('user_groups')
    .where('id', '=', id)
    .where((e) => e.not(e.exists(e.selectFrom('key_policies').select('id').where('group_id', '=', id))))
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** False where the user was a member before. */
export async function insertMember(store: Store, groupId: string, userId: string): Promise<boolean> {
  const result = await store
    .insertInto('user_group_members')
    .values({ group_id: groupId, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** False where the user was no member. */
export async function deleteMember(store: Store, groupId: string, userId: string): Promise<boolean> {
  const result = await store
    .deleteFrom('user_group_members')
    .where('group_id', '=', groupId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** The domain that a group comes from; undefined for one of the tenant's own. */
export async function syncedFrom(store: Store, groupId: string): Promise<string | undefined> {
  const row = await store
    .selectFrom('synced_groups')
    .select('domain')
    .where('group_id', '=', groupId)
    .executeTakeFirst();
  return row?.domain;
}

/** A page of members in the order of their names, those through other groups among them. */
export async function listMembers(
  store: Store,
  groupId: string,
  after: string,
  limit: number,
): Promise<UserRow[]> {
  const { rows } = await sql<UserRow>`with recursive below(domain, anchor) as (
      select domain, anchor from synced_groups where group_id = ${groupId}
      union
      select m.domain, m.member_anchor from synced_members m
        join below b on b.domain = m.domain and b.anchor = m.group_anchor),
    members(id) as (
      select user_id from user_group_members where group_id = ${groupId}
      union
      select u.user_id from synced_users u join below b on b.domain = u.domain and b.anchor = u.anchor
        where u.deleted_on is null
      union
      select u.user_id from synced_users u
        join synced_groups g on g.domain = u.domain and g.sid = u.primary_group_sid
        join below b on b.domain = g.domain and b.anchor = g.anchor
        where u.deleted_on is null)
    select users.* from users join members on members.id = users.id
      where upn_folded > ${after} order by upn_folded limit ${limit}`.execute(store);
  return rows;
}
