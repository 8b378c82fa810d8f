/** The audit table. It is only ever added to; the database refuses the rest. */
import { rowInserter } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { AuditRow } from '../store/schema.ts';

/** The last line, or undefined in an empty audit. */
export function lastLine(store: Store): Promise<Pick<AuditRow, 'seq' | 'hash'> | undefined> {
  return store.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst();
}

/** Adds lines in one statement; a `seq` that is already there fails them all. */
export const insertLines = rowInserter('audit', {
  seq: 'bigint',
  time: 'text',
  event: 'text',
  actor: 'text',
  subject: 'text',
  outcome: 'text',
  reason: 'text',
  correlation_id: 'text',
  previous_hash: 'text',
  hash: 'text',
});

/** Lines after `seq`, in order. */
export function linesAfter(store: Store, seq: number, limit: number): Promise<AuditRow[]> {
  return store.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit).execute();
}

/** The newest lines first; before `seq` where one is given. */
export function newestLines(store: Store, limit: number, before?: number): Promise<AuditRow[]> {
  const query = store.selectFrom('audit').selectAll().orderBy('seq', 'desc').limit(limit);
  return (before === undefined ? query : query.where('seq', '<', before)).execute();
}
