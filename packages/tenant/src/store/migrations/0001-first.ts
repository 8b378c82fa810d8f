/** The first tables. */
import { type Kysely, sql } from 'kysely';
import { dialectOf } from '../dialect-of.ts';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  await schema
    .createTable('meta')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('tenant_keys')
    .addColumn('purpose', 'text', (c) => c.primaryKey())
    .addColumn('public', 'text', (c) => c.notNull())
    .addColumn('private_sealed', 'text', (c) => c.notNull())
    .addColumn('created_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('spent_nonces')
    .addColumn('nonce_hash', 'text', (c) => c.notNull())
    .addColumn('use', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('spent_nonces_key', ['nonce_hash', 'use'])
    .execute();
  await schema.createIndex('spent_nonces_expiry').on('spent_nonces').column('expires_on').execute();
  await schema
    .createTable('users')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_principal_name', 'text', (c) => c.notNull())
    .addColumn('upn_folded', 'text', (c) => c.notNull().unique())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('user_handle', 'text', (c) => c.notNull().unique())
    .addColumn('on_premises_sid', 'text', (c) => c.unique())
    .addColumn('on_premises_sam_account_name', 'text')
    .addColumn('on_premises_domain_name', 'text')
    .addColumn('created_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('challenges')
    .addColumn('challenge_hash', 'text', (c) => c.primaryKey())
    .addColumn('purpose', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('credentials')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('public_key', 'text', (c) => c.notNull())
    .addColumn('counter', 'bigint', (c) => c.notNull())
    .addColumn('aaguid', 'text', (c) => c.notNull())
    .addColumn('attestation_format', 'text', (c) => c.notNull())
    .addColumn('attestation_object', 'text', (c) => c.notNull())
    .addColumn('transports', 'text', (c) => c.notNull())
    .addColumn('backup_eligible', 'integer', (c) => c.notNull())
    .addColumn('backed_up', 'integer', (c) => c.notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('created_on', 'text', (c) => c.notNull())
    .addColumn('last_used_on', 'text')
    .addColumn('removed_on', 'text')
    .execute();
  await schema.createIndex('credentials_user').on('credentials').column('user_id').execute();
  await schema
    .createTable('devices')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('join_type', 'integer', (c) => c.notNull())
    .addColumn('operating_system', 'text', (c) => c.notNull())
    .addColumn('os_version', 'text', (c) => c.notNull())
    .addColumn('enabled', 'integer', (c) => c.notNull())
    .addColumn('certificate_sha256', 'text', (c) => c.notNull().unique())
    .addColumn('certificate', 'text', (c) => c.notNull())
    .addColumn('transport_key', 'text', (c) => c.notNull())
    .addColumn('registered_by', 'text', (c) => c.notNull())
    .addColumn('registered_on', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('devices_registered_by').on('devices').column('registered_by').execute();
  await schema
    .createTable('prts')
    .addColumn('token_hash', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('device_id', 'text', (c) => c.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('session_key_sealed', 'text', (c) => c.notNull())
    .addColumn('kdf_version', 'integer', (c) => c.notNull())
    .addColumn('issued_on', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('prts_user').on('prts').column('user_id').execute();
  await schema.createIndex('prts_device').on('prts').column('device_id').execute();
  await schema.createIndex('prts_expiry').on('prts').column('expires_on').execute();
  await schema
    .createTable('kerberos_domains')
    .addColumn('dns_name', 'text', (c) => c.primaryKey())
    .addColumn('realm', 'text', (c) => c.notNull())
    .addColumn('netbios_name', 'text', (c) => c.notNull())
    .addColumn('domain_sid', 'text', (c) => c.notNull().unique())
    .addColumn('krbtgt_number', 'integer', (c) => c.notNull())
    .addColumn('key_version', 'bigint', (c) => c.notNull())
    .addColumn('key_sealed', 'text', (c) => c.notNull())
    .addColumn('previous_key_version', 'bigint')
    .addColumn('previous_key_sealed', 'text')
    .addColumn('key_updated_on', 'text', (c) => c.notNull())
    .addColumn('published_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('audit')
    .addColumn('seq', 'bigint', (c) => c.primaryKey())
    .addColumn('time', 'text', (c) => c.notNull())
    .addColumn('event', 'text', (c) => c.notNull())
    .addColumn('actor', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('correlation_id', 'text', (c) => c.notNull())
    .addColumn('previous_hash', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute();
  await refuseAuditChanges(db);
}

/** The database itself refuses to change or remove a line of the audit. */
async function refuseAuditChanges(db: Kysely<unknown>): Promise<void> {
  if (dialectOf(db) === 'sqlite') {
    for (const verb of ['update', 'delete']) {
      await sql`create trigger ${sql.raw(`audit_no_${verb}`)} before ${sql.raw(verb)} on audit
        begin select raise(abort, 'audit is append-only'); end`.execute(db);
    }
    return;
  }
  await sql`create function audit_is_append_only() returns trigger language plpgsql as
    ${sql.raw("'begin raise exception ''audit is append-only''; end'")}`.execute(db);
  await sql`create trigger audit_no_change before update or delete or truncate on audit
    for each statement execute function audit_is_append_only()`.execute(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of [
    'audit',
    'kerberos_domains',
    'prts',
    'devices',
    'credentials',
    'challenges',
    'users',
    'spent_nonces',
    'tenant_keys',
    'meta',
  ]) {
    await db.schema.dropTable(table).execute();
  }
  if (dialectOf(db) === 'postgresql') await sql`drop function audit_is_append_only()`.execute(db);
}
