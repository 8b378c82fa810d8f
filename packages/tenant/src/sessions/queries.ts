/** The table of web sessions: hashes, never the tokens themselves. */
import { batched } from '../store/batch.ts';
import { rowInserter } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { WebSessionRow } from '../store/sign-in-rows.ts';

const insertSessions = rowInserter('web_sessions', {
  token_hash: 'text',
  user_id: 'text',
  method: 'text',
  credential_id: 'text',
  pass_id: 'text',
  created_on: 'text',
  proven_on: 'text',
  seen_on: 'text',
  expires_on: 'text',
});

export const insertSession = batched<WebSessionRow, void>(async (store, rows) => {
  await insertSessions(store, rows);
  return rows.map(() => undefined);
});

/** A session that is not over. */
export function sessionByHash(store: Store, hash: string, now: string): Promise<WebSessionRow | undefined> {
  return store
    .selectFrom('web_sessions')
    .selectAll()
    .where('token_hash', '=', hash)
    .where('expires_on', '>', now)
    .executeTakeFirst();
}

export async function updateSession(
  store: Store,
  hash: string,
  changes: Partial<Pick<WebSessionRow, 'seen_on' | 'proven_on' | 'method' | 'credential_id' | 'pass_id'>>,
): Promise<void> {
  await store.updateTable('web_sessions').set(changes).where('token_hash', '=', hash).execute();
}

/** Whether there was such a session to end. */
export async function deleteSession(store: Store, hash: string): Promise<boolean> {
  const result = await store.deleteFrom('web_sessions').where('token_hash', '=', hash).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Ends whatever a user has signed in to: sessions, codes, refresh tokens. */
export async function endSignIns(store: Store, userId: string): Promise<void> {
  for (const table of ['web_sessions', 'authorization_codes', 'refresh_tokens'] as const) {
    await store.deleteFrom(table).where('user_id', '=', userId).execute();
  }
}

/** Ends, of each user that has more, the oldest sessions but so many. */
export async function trimSessions(store: Store, keep: number): Promise<void> {
  const numbered = store.selectFrom('web_sessions').select((e) => [
    'token_hash',
    e.fn
      .agg<number>('row_number')
      .over((over) => over.partitionBy('user_id').orderBy('created_on', 'desc').orderBy('token_hash'))
      .as('number'),
  ]);
  const surplus = store.selectFrom(numbered.as('numbered')).select('token_hash').where('number', '>', keep);
  await store.deleteFrom('web_sessions').where('token_hash', 'in', surplus).execute();
}

/** Forgets what is over, by its end or for not being used. */
export async function purgeSessions(store: Store, now: string, idleBefore: string): Promise<void> {
  await store
    .deleteFrom('web_sessions')
    .where((e) => e.or([e('expires_on', '<=', now), e('seen_on', '<', idleBefore)]))
    .execute();
}
