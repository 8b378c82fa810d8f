/**
 * Kysely over node:sqlite: its own SQLite dialect, given the few methods that it expects of a database. One
 * connection, write-ahead log, every commit flushed to disk.
 */
import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  type DatabaseConnection,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';

/** A dialect whose migrations are transactional: SQLite's schema changes are, and ours need no pragma. */
class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new QueuedDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/**
 * Whoever waits for the connection has a place in a queue. Kysely's own driver wakes all of them each time, which costs
 * the square of their number: a burst of requests would stop the tenant.
 */
class QueuedDriver extends SqliteDriver {
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  override async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    return super.acquireConnection();
  }

  override async releaseConnection(): Promise<void> {
    await super.releaseConnection();
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken = false;
    else next(); // taken still: whoever asks meanwhile stands behind
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Opens (or makes, mode 0600) the database file; `:memory:` is a database for one test. */
export function sqliteDialect(file: string): SqliteDialect {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5_000 });
  db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on');
  if (file !== ':memory:') chmodSync(file, 0o600);
  return new NodeSqliteDialect({ database: asKyselyDatabase(db) });
}

/** Prepared statements are kept: the same few dozen come again and again. */
function asKyselyDatabase(db: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => db.close(),
    prepare(text) {
      const known = statements.get(text);
      if (known !== undefined) return known;
      // A transaction that reads first and then writes could not wait for another process: take the lock at once.
      const prepared = db.prepare(text === 'begin' ? 'begin immediate' : text);
      const statement: SqliteStatement = {
        reader: prepared.columns().length > 0,
        all: (parameters) => prepared.all(...values(parameters)),
        run: (parameters) => prepared.run(...values(parameters)),
        iterate: (parameters) => prepared.iterate(...values(parameters)),
      };
      if (statements.size < 256) statements.set(text, statement);
      return statement;
    },
  };
}

/** Kysely hands parameters on as unknown; the schema allows text, integers and null. */
const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
