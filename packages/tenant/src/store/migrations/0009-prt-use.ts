/** What renewal, reuse detection and revocation by key need to know of a Primary Refresh Token. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, type] of [
    ['family', 'text'],
    ['credential_id', 'text'],
    ['authenticated_on', 'text'],
    ['superseded_on', 'text'],
  ] as const) {
    await db.schema.alterTable('prts').addColumn(name, type).execute();
  }
  await db.schema
    .alterTable('prts')
    .addColumn('used', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  // A token from before is the only one of its family.
  await sql`update prts set family = token_hash, authenticated_on = issued_on`.execute(db);
  await db.schema.createIndex('prts_family').on('prts').column('family').execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('prts_family').execute();
  for (const name of ['family', 'credential_id', 'authenticated_on', 'superseded_on', 'used']) {
    await db.schema.alterTable('prts').dropColumn(name).execute();
  }
}
