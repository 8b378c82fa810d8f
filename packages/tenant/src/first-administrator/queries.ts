/** The one row of the link for the first administrator. */
import type { Store } from '../store/open.ts';

const ID = 'link';

/** Puts a link in place of the one before. */
export async function putLink(store: Store, row: { token_hash: string; expires_on: string }): Promise<void> {
  await store
    .insertInto('first_administrator')
    .values({ id: ID, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

export async function isLink(store: Store, hash: string, now: string): Promise<boolean> {
  const found = await store
    .selectFrom('first_administrator')
    .select('id')
    .where('token_hash', '=', hash)
    .where('expires_on', '>', now)
    .executeTakeFirst();
  return found !== undefined;
}

/** True for the first who uses the link, and for nobody else. */
export async function takeLink(store: Store, hash: string, now: string): Promise<boolean> {
  const result = await store
    .deleteFrom('first_administrator')
    .where('token_hash', '=', hash)
    .where('expires_on', '>', now)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}
