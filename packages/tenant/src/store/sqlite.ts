/**
 * Kysely over node:sqlite: its own SQLite dialect, given the few methods that it expects of a database. One
 * connection, write-ahead log, every commit flushed to disk.
 */
import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { GroupCommitDriver } from './group-commit.ts';

/** A dialect whose migrations are transactional: SQLite's schema changes are, and ours need no pragma. */
class NodeSqliteDialect extends SqliteDialect {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    super({ database: asKyselyDatabase(db) });
    this.#db = db;
  }

  override createDriver(): Driver {
    return new GroupCommitDriver(new SqliteDriver({ database: asKyselyDatabase(this.#db) }), this.#db);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
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
  return new NodeSqliteDialect(db);
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
