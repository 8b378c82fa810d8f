/**
 * Kysely over PostgreSQL: its own dialect, with two things that spare a sign-in waiting. A transaction does not wait for
 * the answer to its `begin`, and statements whose text never changes are prepared once for each connection.
 */
import { createHash } from 'node:crypto';
import { type DatabaseConnection, PostgresDialect, PostgresDriver, type PostgresPool } from 'kysely';
import pg from 'pg';
import { isConstantText } from './given-rows.ts';

/** @param url `postgresql://...` */
export function postgresqlDialect(url: string): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    pipeline: true, // what is asked within a transaction is sent without waiting for what was asked before
    connectionTimeoutMillis: 10_000,
    statement_timeout: 10_000,
    types: { getTypeParser: parserOf },
  });
  pool.on('error', () => {}); // a lost idle connection is replaced at the next query, which reports what fails
  return new PipelinedDialect({ pool: preparing(pool) });
}

/** Our `bigint` columns stay below 2^53: numbers, as SQLite gives them. */
const parserOf: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'); // one overload suffices

class PipelinedDialect extends PostgresDialect {
  readonly #pool: PostgresPool;

  constructor(config: { pool: PostgresPool }) {
    super(config);
    this.#pool = config.pool;
  }

  override createDriver(): PostgresDriver {
    return new PipelinedDriver({ pool: this.#pool });
  }
}

class PipelinedDriver extends PostgresDriver {
  readonly #begun = new WeakMap<DatabaseConnection, Promise<void>>();

  override async beginTransaction(...given: Parameters<PostgresDriver['beginTransaction']>): Promise<void> {
    const begun = super.beginTransaction(...given);
    begun.catch(() => {}); // told by the commit
    this.#begun.set(given[0], begun);
  }

  override async commitTransaction(
    ...given: Parameters<PostgresDriver['commitTransaction']>
  ): Promise<void> {
    await this.#begun.get(given[0]);
    await super.commitTransaction(...given);
  }
}

type Client = Awaited<ReturnType<PostgresPool['connect']>>;

/** The pool as Kysely asks it; what is constant is asked by name. */
function preparing(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, Client>();
  return {
    connect: async () => {
      const client = await pool.connect();
      const known = clients.get(client);
      if (known !== undefined) return known;
      // Kysely asks by text and values alone: it was given no cursor.
      const query = ((text: string, values: unknown[]) =>
        client.query(isConstantText(text) ? { name: nameOf(text), text, values } : { text, values })) as unknown as Client['query'];
      const made = { query, release: () => client.release() };
      clients.set(client, made);
      return made;
    },
    end: () => pool.end(),
  };
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  return name;
}
