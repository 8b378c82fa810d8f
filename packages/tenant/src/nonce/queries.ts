/** The spent nonces: a row a nonce and use, until the nonce would have expired anyway. */
import { isUniqueViolation } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

type SpentNonce = Database['spent_nonces'];

/** Spends them all in one statement; false where one of them was spent before, and then none is. */
export async function insertSpent(store: Store, rows: readonly SpentNonce[]): Promise<boolean> {
  try {
    await store
      .insertInto('spent_nonces')
      .values([...rows])
      .execute();
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** Forgets what has expired. */
export async function purgeSpent(store: Store, now: string): Promise<void> {
  await store.deleteFrom('spent_nonces').where('expires_on', '<', now).execute();
}
