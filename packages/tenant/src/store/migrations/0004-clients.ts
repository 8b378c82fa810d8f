/** Programs with keys of their own, and the invitations by which they enrol. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema;
  await schema
    .createTable('clients')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('domain', 'text')
    .addColumn('public_jwk', 'text', (c) => c.notNull())
    .addColumn('thumbprint', 'text', (c) => c.notNull().unique())
    .addColumn('enrolled_on', 'text', (c) => c.notNull())
    .addColumn('last_used_on', 'text')
    .addColumn('revoked_on', 'text')
    .execute();
  await schema
    .createTable('client_invitations')
    .addColumn('token_hash', 'text', (c) => c.primaryKey())
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('domain', 'text')
    .addColumn('expires_on', 'text', (c) => c.notNull())
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('client_invitations').execute();
  await db.schema.dropTable('clients').execute();
}
