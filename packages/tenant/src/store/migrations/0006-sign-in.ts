/** Roles, where a key was used, and what the sign-in page gives out: sessions, codes, refresh tokens. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  await schema
    .alterTable('users')
    .addColumn('role', 'text', (c) => c.notNull().defaultTo('user'))
    .execute();
  await schema.alterTable('credentials').addColumn('last_used_where', 'text').execute();
  await schema
    .createTable('web_sessions')
    .addColumn('token_hash', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('credential_id', 'text')
    .addColumn('pass_id', 'text')
    .addColumn('created_on', 'text', (c) => c.notNull())
    .addColumn('proven_on', 'text', (c) => c.notNull())
    .addColumn('seen_on', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createTable('authorization_codes')
    .addColumn('code_hash', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('credential_id', 'text')
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('redirect_uri', 'text', (c) => c.notNull())
    .addColumn('code_challenge', 'text')
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('resource', 'text')
    .addColumn('nonce', 'text')
    .addColumn('proven_on', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .addColumn('used', 'integer', (c) => c.notNull())
    .execute();
  await schema
    .createTable('refresh_tokens')
    .addColumn('token_hash', 'text', (c) => c.primaryKey())
    .addColumn('family', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('method', 'text', (c) => c.notNull())
    .addColumn('credential_id', 'text')
    .addColumn('client_id', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('proven_on', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .addColumn('used', 'integer', (c) => c.notNull())
    .execute();
  await schema.createIndex('refresh_tokens_family').on('refresh_tokens').column('family').execute();
  for (const table of ['web_sessions', 'authorization_codes', 'refresh_tokens']) {
    await schema.createIndex(`${table}_user`).on(table).column('user_id').execute();
    await schema.createIndex(`${table}_expiry`).on(table).column('expires_on').execute();
  }
  await schema
    .createTable('first_administrator')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('token_hash', 'text', (c) => c.notNull())
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['first_administrator', 'refresh_tokens', 'authorization_codes', 'web_sessions']) {
    await db.schema.dropTable(table).execute();
  }
  await db.schema.alterTable('credentials').dropColumn('last_used_where').execute();
  await db.schema.alterTable('users').dropColumn('role').execute();
}
