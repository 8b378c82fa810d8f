/** Temporary Access Passes, the tries at them, and their policy. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  await schema
    .createTable('passes')
    .addColumn('user_id', 'text', (c) => c.primaryKey().references('users.id').onDelete('cascade'))
    .addColumn('id', 'text', (c) => c.notNull().unique())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('created_on', 'text', (c) => c.notNull())
    .addColumn('starts_on', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .addColumn('usable_once', 'integer', (c) => c.notNull())
    .addColumn('used_on', 'text')
    .execute();
  await schema.createIndex('passes_expiry').on('passes').column('expires_on').execute();
  await schema
    .createTable('pass_tries')
    .addColumn('subject', 'text', (c) => c.primaryKey())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('window_end', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('pass_tries_window').on('pass_tries').column('window_end').execute();
  await schema
    .createTable('pass_policy')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('rules', 'text', (c) => c.notNull())
    .addColumn('updated_on', 'text', (c) => c.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['pass_policy', 'pass_tries', 'passes']) await db.schema.dropTable(table).execute();
}
