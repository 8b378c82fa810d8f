/** The table of ceremonies' steps. */
import { rowInserter } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { CeremonyEventRow } from '../store/schema.ts';
import type { CeremonyQuery } from './schema.ts';

export type CeremonyEventWithUser = CeremonyEventRow & { user_principal_name: string | null };

export const insertCeremonyEvents = rowInserter('ceremony_events', {
  id: 'text',
  time: 'text',
  event: 'bigint',
  purpose: 'text',
  ceremony: 'text',
  trace_id: 'text',
  user_id: 'text',
  credential_id: 'text',
  aaguid: 'text',
  rp_id: 'text',
  origin: 'text',
  reason: 'text',
  client_error: 'text',
  elapsed_ms: 'bigint',
  ctap_status: 'bigint',
});

/** The newest first. A user that is gone has left its steps without a name. */
export function listCeremonyEvents(
  store: Store,
  { trace, since, limit, before }: CeremonyQuery,
  userId: string | undefined,
): Promise<CeremonyEventWithUser[]> {
  return store
    .selectFrom('ceremony_events as e')
    .leftJoin('users', 'users.id', 'e.user_id')
    .selectAll('e')
    .select('users.user_principal_name')
    .$if(userId !== undefined, (query) => query.where('e.user_id', '=', userId ?? ''))
    .$if(since !== undefined, (query) => query.where('e.time', '>=', since ?? ''))
    .$if(before !== undefined, (query) => query.where('e.id', '<', before ?? ''))
    .$if(trace !== undefined, (query) =>
      query.where((e) =>
        e.or([
          e('e.trace_id', '=', trace ?? ''),
          e('e.ceremony', '=', trace ?? ''),
          e(
            'e.ceremony',
            'in',
            e
              .selectFrom('ceremony_events as other')
              .select('other.ceremony')
              .where('other.trace_id', '=', trace ?? '')
              .where('other.ceremony', 'is not', null)
              .$castTo<{ ceremony: string | null }>(),
          ),
        ]),
      ),
    )
    .orderBy('e.id', 'desc')
    .limit(limit)
    .execute();
}

/** Forgets what is older than `before`, and of the rest all but the newest so many. */
export async function purgeCeremonyEvents(store: Store, before: string, keep: number): Promise<void> {
  await store.deleteFrom('ceremony_events').where('time', '<', before).execute();
  const oldest = await store
    .selectFrom('ceremony_events')
    .select('id')
    .orderBy('id', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (oldest !== undefined) await store.deleteFrom('ceremony_events').where('id', '<=', oldest.id).execute();
}
