/** Kysely over PostgreSQL: its own dialect. Statements whose text never changes are prepared once for each connection. */
import { PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import { sha256 } from '../digest.ts';
import { isConstantText } from './given-rows.ts';

/** @param url `postgresql://...` */
export function postgresqlDialect(url: string): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    pipeline: true, // a statement is sent without waiting for the answer to the one before; see transaction.ts
    connectionTimeoutMillis: 10_000,
    statement_timeout: 10_000,
    types: { getTypeParser: parserOf },
  });
  pool.on('error', () => {}); // a lost idle connection is replaced at the next query, which reports what fails
  return new PostgresDialect({ pool: preparing(pool) });
}

/** Our `bigint` columns stay below 2^53: numbers, as SQLite gives them. */
const parserOf: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'); // one overload suffices

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
        client.query(
          isConstantText(text) ? { name: sha256(text), text, values } : { text, values },
        )) as unknown as Client['query'];
      const made = { query, release: () => client.release() };
      clients.set(client, made);
      return made;
    },
    end: () => pool.end(),
  };
}
