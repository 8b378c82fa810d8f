/** The spent nonces: a row a nonce and use, until the nonce would have expired anyway. */
import { sql } from 'kysely';
import { batched } from '../store/batch.ts';
import { columnsOf, givenRows } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

type SpentNonce = Database['spent_nonces'];

const COLUMNS = { nonce_hash: 'text', use: 'text', expires_on: 'text' } as const;
const given = givenRows<SpentNonce>(COLUMNS);
const columns = columnsOf(COLUMNS);

/** Spends them all, for whoever came first; false where one of them was spent before, and then the others are too. */
export const insertSpent = batched<readonly SpentNonce[], boolean>(async (store, sets) => {
  const rows = new Map(sets.flat().map((row) => [nameOf(row), row]));
  // In one order, so that two processes that insert the same rows never wait for one another.
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const { rows: inserted } = await sql<Pick<SpentNonce, 'nonce_hash' | 'use'>>`
    insert into spent_nonces (${columns}) select ${columns} from ${given(store, sorted)}
    where true on conflict do nothing returning nonce_hash, use`.execute(store);
  const free = new Set(inserted.map(nameOf));
  return sets.map((set) => set.map((row) => free.delete(nameOf(row))).every(Boolean));
});

const nameOf = ({ nonce_hash, use }: Pick<SpentNonce, 'nonce_hash' | 'use'>) => `${nonce_hash} ${use}`;

/** Forgets what has expired. */
export async function purgeSpent(store: Store, now: string): Promise<void> {
  await store.deleteFrom('spent_nonces').where('expires_on', '<', now).execute();
}
