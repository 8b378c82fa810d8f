/** The table of Primary Refresh Tokens: hashes, never the tokens themselves. */
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

export async function insertPrt(store: Store, row: Database['prts']): Promise<void> {
  await store.insertInto('prts').values(row).execute();
}

export async function purgePrts(store: Store, now: string): Promise<void> {
  await store.deleteFrom('prts').where('expires_on', '<', now).execute();
}
