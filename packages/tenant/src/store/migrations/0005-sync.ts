/** What connectors bring from on-premises domains. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  await schema
    .createTable('sync_domains')
    .addColumn('dns_name', 'text', (c) => c.primaryKey())
    .addColumn('netbios_name', 'text', (c) => c.notNull())
    .addColumn('domain_sid', 'text', (c) => c.notNull().unique())
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('state', 'text')
    .execute();
  await schema
    .createTable('sync_runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('cascade'))
    .addColumn('client', 'text', (c) => c.notNull())
    .addColumn('mode', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('sequence', 'integer', (c) => c.notNull())
    .addColumn('counts', 'text', (c) => c.notNull())
    .addColumn('deletions_allowed', 'integer', (c) => c.notNull())
    .addColumn('message', 'text')
    .addColumn('started_on', 'text', (c) => c.notNull())
    .addColumn('active_on', 'text', (c) => c.notNull())
    .addColumn('ended_on', 'text')
    .execute();
  await schema.createIndex('sync_runs_domain').on('sync_runs').columns(['domain', 'started_on']).execute();
  await schema
    .createTable('synced_users')
    .addColumn('user_id', 'text', (c) => c.primaryKey().references('users.id').onDelete('cascade'))
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('restrict'))
    .addColumn('anchor', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('mail', 'text')
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('account_expires_on', 'text')
    .addColumn('password_expires_on', 'text')
    .addColumn('must_change_password', 'integer', (c) => c.notNull())
    .addColumn('locked_until', 'text')
    .addColumn('protected', 'integer', (c) => c.notNull())
    .addColumn('primary_group_sid', 'text', (c) => c.notNull())
    .addColumn('deleted_on', 'text')
    .addUniqueConstraint('synced_users_anchor', ['domain', 'anchor'])
    .execute();
  await schema
    .createTable('synced_groups')
    .addColumn('group_id', 'text', (c) => c.primaryKey().references('user_groups.id').onDelete('cascade'))
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('restrict'))
    .addColumn('anchor', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('sid', 'text', (c) => c.notNull())
    .addUniqueConstraint('synced_groups_anchor', ['domain', 'anchor'])
    .addUniqueConstraint('synced_groups_sid', ['domain', 'sid'])
    .execute();
  // Members as the directory names them, of whatever kind; who is in a group is found by walking.
  await schema
    .createTable('synced_members')
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('cascade'))
    .addColumn('group_anchor', 'text', (c) => c.notNull())
    .addColumn('member_anchor', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('synced_members_key', ['domain', 'group_anchor', 'member_anchor'])
    .execute();
  await schema
    .createIndex('synced_members_member')
    .on('synced_members')
    .columns(['domain', 'member_anchor'])
    .execute();
  await schema
    .createTable('synced_computers')
    .addColumn('anchor', 'text', (c) => c.primaryKey())
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('cascade'))
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('sid', 'text', (c) => c.notNull().unique())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('operating_system', 'text', (c) => c.notNull())
    .addColumn('certificates', 'text', (c) => c.notNull())
    .addColumn('synced_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('sync_problems')
    .addColumn('domain', 'text', (c) => c.notNull().references('sync_domains.dns_name').onDelete('cascade'))
    .addColumn('anchor', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('code', 'text', (c) => c.notNull())
    .addColumn('message', 'text', (c) => c.notNull())
    .addColumn('found_on', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('sync_problems_key', ['domain', 'anchor'])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of [
    'sync_problems',
    'synced_computers',
    'synced_members',
    'synced_groups',
    'synced_users',
    'sync_runs',
    'sync_domains',
  ]) {
    await db.schema.dropTable(table).execute();
  }
}
