/** The table of notices that wait to be sent. */
import type { Store } from '../store/open.ts';
import type { NoticeRow } from '../store/schema.ts';

export async function insertNotice(store: Store, row: NoticeRow): Promise<void> {
  await store.insertInto('notices').values(row).execute();
}

export function dueNotices(store: Store, now: string, limit: number): Promise<NoticeRow[]> {
  return store
    .selectFrom('notices')
    .selectAll()
    .where('next_try_on', '<=', now)
    .orderBy('next_try_on')
    .limit(limit)
    .execute();
}

/** Takes a notice for one attempt: of several processes, one gets true. */
export async function claimNotice(store: Store, row: NoticeRow, nextTry: string): Promise<boolean> {
  const result = await store
    .updateTable('notices')
    .set({ attempts: row.attempts + 1, next_try_on: nextTry })
    .where('id', '=', row.id)
    .where('attempts', '=', row.attempts)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function deleteNotice(store: Store, id: string): Promise<void> {
  await store.deleteFrom('notices').where('id', '=', id).execute();
}
