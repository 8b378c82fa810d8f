/** Opens the store that the configuration names, and brings its schema up to date. */
import { Kysely, Migrator, NO_MIGRATIONS } from 'kysely';
import type { TenantConfig } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import { migrations } from './migrations/index.ts';
import { postgresqlDialect } from './postgresql.ts';
import type { Database } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export type Store = Kysely<Database>;

/**
 * A Kysely over SQLite (a path) or PostgreSQL (a URL). Close it with `destroy()`.
 *
 * @throws TenantError `store-unreachable` for a file that is no database; PostgreSQL is first asked by a query
 */
export function openStore(where: TenantConfig['store']): Store {
  if ('sqlite' in where) {
    try {
      return new Kysely<Database>({ dialect: sqliteDialect(where.sqlite) });
    } catch (cause) {
      throw unreachable(cause);
    }
  }
  return new Kysely<Database>({ dialect: postgresqlDialect(where.postgresql) });
}

/**
 * Runs the migrations that are missing; processes that start together take turns.
 *
 * @throws TenantError `store-unreachable`
 */
export async function migrateStore(store: Store): Promise<void> {
  const { error } = await migrator(store).migrateToLatest();
  if (error !== undefined) {
    throw unreachable(error);
  }
}

/** The text names no cause: a database's own may quote its URL, and with it a password. */
const unreachable = (cause: unknown) =>
  new TenantError(
    'store-unreachable',
    'The store could not be opened or brought up to date. Check the store in config.json, and that its database runs.',
    { cause: cause instanceof Error ? cause.message : String(cause) },
  );

/** Takes every migration back, and with them all data. For tests. */
export async function unmigrateStore(store: Store): Promise<void> {
  const { error } = await migrator(store).migrateTo(NO_MIGRATIONS);
  if (error !== undefined) throw error;
}

const migrator = (store: Store) =>
  new Migrator({ db: store, provider: { getMigrations: async () => migrations } });
