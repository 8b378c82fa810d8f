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

const RETIRED = 'device-ca-retired:';

/** Certificates of the device CAs that were used before, in PEM; their keys are gone. */
export async function retiredCas(store: Store): Promise<string[]> {
  const rows = await store
    .selectFrom('tenant_keys')
    .select('public')
    .where('purpose', 'like', `${RETIRED}%`)
    .orderBy('created_on')
    .execute();
  return rows.map((row) => row.public);
}

/** Puts a key in place of the one of its purpose; of that the certificate is kept, unless `fingerprint` is undefined. */
export async function replaceKeyRow(
  store: Store,
  row: KeyRow,
  fingerprint: string | undefined,
): Promise<void> {
  await store.transaction().execute(async (transaction) => {
    const before = await keyRow(transaction, row.purpose);
    if (before !== undefined && fingerprint !== undefined) {
      await insertKeyRow(transaction, { ...before, purpose: `${RETIRED}${fingerprint}`, private_sealed: '' });
    } else {
      await transaction.deleteFrom('tenant_keys').where('purpose', 'like', `${RETIRED}%`).execute();
    }
    const { purpose, ...changes } = row;
    await transaction.updateTable('tenant_keys').set(changes).where('purpose', '=', purpose).execute();
  });
}
