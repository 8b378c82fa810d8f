/** One durable insert into a database, as bare as its driver allows: what the benchmarks hold against the tenant. */
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const TABLE = 'create table bare (id text primary key, value text not null)';
/** About as much as a session's row holds. */
const PAYLOAD = 'x'.repeat(300);

export interface BareDatabase {
  insert: () => unknown;
  close: () => unknown;
}

export async function bareDatabase(
  where: { sqlite: string } | { postgresql: string },
): Promise<BareDatabase> {
  if ('sqlite' in where) {
    const db = new DatabaseSync(where.sqlite);
    db.exec('pragma journal_mode = wal; pragma synchronous = full');
    db.exec(TABLE);
    const statement = db.prepare('insert into bare values (?, ?)');
    return { insert: () => statement.run(randomUUID(), PAYLOAD), close: () => db.close() };
  }
  const pool = new pg.Pool({ connectionString: where.postgresql, max: 10 });
  pool.on('error', () => {}); // the query that fails says so
  await pool.query(TABLE);
  const query = { name: 'bare', text: 'insert into bare values ($1, $2)' };
  return {
    insert: () => pool.query({ ...query, values: [randomUUID(), PAYLOAD] }),
    close: () => pool.end(),
  };
}
