/** Which of the two databases a Kysely instance speaks to. */
import { type Kysely, PostgresAdapter } from 'kysely';

export function dialectOf(db: Pick<Kysely<unknown>, 'getExecutor'>): 'sqlite' | 'postgresql' {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgresql' : 'sqlite';
}
