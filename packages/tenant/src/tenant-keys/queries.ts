/** The table of the tenant's own keys. */
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

type KeyRow = Database['tenant_keys'];

export function keyRow(store: Store, purpose: string): Promise<KeyRow | undefined> {
  return store.selectFrom('tenant_keys').selectAll().where('purpose', '=', purpose).executeTakeFirst();
}

/** Keeps the first of two that come together. */
export async function insertKeyRow(store: Store, row: KeyRow): Promise<void> {
  await store
    .insertInto('tenant_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('purpose').doNothing())
    .execute();
}
