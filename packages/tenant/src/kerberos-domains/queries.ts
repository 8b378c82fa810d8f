/** The table of KerberosDomains. */
import { batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { KerberosDomainRow } from '../store/schema.ts';

export const domainByName = batchedLookup<KerberosDomainRow>(
  (store, names) => store.selectFrom('kerberos_domains').selectAll().where('dns_name', 'in', names).execute(),
  (row) => row.dns_name,
);

export function listDomains(store: Store): Promise<KerberosDomainRow[]> {
  return store.selectFrom('kerberos_domains').selectAll().orderBy('dns_name').execute();
}

export async function upsertDomain(store: Store, row: KerberosDomainRow): Promise<void> {
  const { dns_name, ...rest } = row;
  await store
    .insertInto('kerberos_domains')
    .values(row)
    .onConflict((conflict) => conflict.column('dns_name').doUpdateSet(rest))
    .execute();
}

/** Replaces a row's keys, if they are still those of `before`. @returns whether they were */
export async function replaceKeys(
  store: Store,
  before: KerberosDomainRow,
  after: KerberosDomainRow,
): Promise<boolean> {
  const { dns_name, ...rest } = after;
  const result = await store
    .updateTable('kerberos_domains')
    .set(rest)
    .where('dns_name', '=', dns_name)
    .where('key_sealed', '=', before.key_sealed)
    .where('pending_key_sealed', before.pending_key_sealed === null ? 'is' : '=', before.pending_key_sealed)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Whether there was one. */
export async function deleteDomain(store: Store, dnsName: string): Promise<boolean> {
  const result = await store
    .deleteFrom('kerberos_domains')
    .where('dns_name', '=', dnsName)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
