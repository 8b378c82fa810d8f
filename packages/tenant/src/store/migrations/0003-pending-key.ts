/** A Kerberos server's next key: published, and not used before every domain controller has it. */
import type { Kysely } from 'kysely';

const COLUMNS = [
  ['pending_key_version', 'bigint'],
  ['pending_key_sealed', 'text'],
  ['pending_key_updated_on', 'text'],
] as const;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, type] of COLUMNS)
    await db.schema.alterTable('kerberos_domains').addColumn(name, type).execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [name] of COLUMNS) await db.schema.alterTable('kerberos_domains').dropColumn(name).execute();
}
