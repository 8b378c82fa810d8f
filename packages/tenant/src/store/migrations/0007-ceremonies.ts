/** The log of ceremonies with security keys. */
import type { Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('ceremony_events')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('time', 'text', (c) => c.notNull())
    .addColumn('event', 'integer', (c) => c.notNull())
    .addColumn('purpose', 'text', (c) => c.notNull())
    .addColumn('ceremony', 'text')
    .addColumn('trace_id', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text')
    .addColumn('credential_id', 'text')
    .addColumn('aaguid', 'text')
    .addColumn('rp_id', 'text', (c) => c.notNull())
    .addColumn('origin', 'text')
    .addColumn('reason', 'text')
    .addColumn('client_error', 'text')
    .addColumn('elapsed_ms', 'integer')
    .addColumn('ctap_status', 'integer')
    .execute();
  for (const column of ['time', 'ceremony', 'trace_id', 'user_id']) {
    await db.schema.createIndex(`ceremony_events_${column}`).on('ceremony_events').column(column).execute();
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('ceremony_events').execute();
}
