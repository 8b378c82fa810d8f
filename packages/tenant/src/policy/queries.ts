/** The table of policies for security keys. */
import { sql } from 'kysely';
import { shared } from '../store/batch.ts';
import { constantText } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { KeyPolicyRow } from '../store/schema.ts';
import { groupIdsOf } from '../sync/account.ts';

export const DEFAULT_ID = 'default';
/** Behind every other entry. */
export const LAST_POSITION = 2_147_483_647;

export type KeyPolicyWithGroup = KeyPolicyRow & { group_name: string | null };

/** All entries, in the order in which they are tried. */
export async function readPolicies(store: Store): Promise<KeyPolicyWithGroup[]> {
  const { rows } = await sql<KeyPolicyWithGroup>`${constantText} select p.id as id, p.group_id as group_id,
      p.position as position, p.rules as rules, p.updated_on as updated_on, g.display_name as group_name
    from key_policies p left join user_groups g on g.id = p.group_id
    order by p.position, p.id`.execute(store);
  return rows;
}

/** The same, once for all who ask at the same time. */
export const listPolicies = shared(readPolicies);

/** The first entry that is for a group of this user, or for everyone; `known` where all of them were read already. */
export async function policyOfUser(
  store: Store,
  userId: string,
  known?: readonly KeyPolicyWithGroup[],
): Promise<KeyPolicyWithGroup | undefined> {
  const entries = known ?? (await listPolicies(store));
  // Where nobody has a policy of their own, nobody's groups are asked for.
  if (entries.every((entry) => entry.group_id === null)) return entries[0];
  const groups = await groupIdsOf(store, userId);
  return entries.find(({ group_id: id }) => id === null || groups.has(id));
}

/** One entry, for changing it within a transaction. */
export function policyById(store: Store, id: string): Promise<KeyPolicyRow | undefined> {
  return store.selectFrom('key_policies').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The position behind the last entry of a group. */
export async function nextPosition(store: Store): Promise<number> {
  const row = await store
    .selectFrom('key_policies')
    .select(({ fn }) => fn.max('position').as('position'))
    .where('group_id', 'is not', null)
    .executeTakeFirst();
  return (row?.position ?? 0) + 1;
}

export async function upsertPolicy(store: Store, { id, ...row }: KeyPolicyRow): Promise<void> {
  await store
    .insertInto('key_policies')
    .values({ id, ...row })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ rules: row.rules, updated_on: row.updated_on }),
    )
    .execute();
}

export async function deletePolicy(store: Store, id: string): Promise<boolean> {
  const result = await store.deleteFrom('key_policies').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

export async function setPosition(store: Store, id: string, position: number): Promise<void> {
  await store.updateTable('key_policies').set({ position }).where('id', '=', id).execute();
}
