/** Metadata, groups and policies for security keys. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  // Until now every statement was verified at registration.
  await schema
    .alterTable('credentials')
    .addColumn('statement_verified', 'integer', (c) => c.notNull().defaultTo(1))
    .execute();
  await schema
    .createTable('metadata_blob')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('next_update', 'text', (c) => c.notNull())
    .addColumn('blob', 'text', (c) => c.notNull())
    .addColumn('accepted_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('user_groups')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('name_folded', 'text', (c) => c.notNull().unique())
    .addColumn('created_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('user_group_members')
    .addColumn('group_id', 'text', (c) => c.notNull().references('user_groups.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addPrimaryKeyConstraint('user_group_members_key', ['group_id', 'user_id'])
    .execute();
  await schema.createIndex('user_group_members_user').on('user_group_members').column('user_id').execute();
  // A group that a policy is for cannot go: its members would fall to another policy unnoticed.
  await schema
    .createTable('key_policies')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('group_id', 'text', (c) => c.unique().references('user_groups.id').onDelete('restrict'))
    .addColumn('position', 'integer', (c) => c.notNull())
    .addColumn('rules', 'text', (c) => c.notNull())
    .addColumn('updated_on', 'text', (c) => c.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['key_policies', 'user_group_members', 'user_groups', 'metadata_blob']) {
    await db.schema.dropTable(table).execute();
  }
  await db.schema.alterTable('credentials').dropColumn('statement_verified').execute();
}
