/** The tables of passes, of tries at them, and of their policy. */
import { shared } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { PassRow } from '../store/schema.ts';

const POLICY_ID = 'default';

/** A new pass takes the place of the old one. */
export async function putPass(store: Store, { user_id, ...row }: PassRow): Promise<void> {
  await store
    .insertInto('passes')
    .values({ user_id, ...row })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(row))
    .execute();
}

export function passOfUser(store: Store, userId: string): Promise<PassRow | undefined> {
  return store.selectFrom('passes').selectAll().where('user_id', '=', userId).executeTakeFirst();
}

/** Whether there was one, of that id where one is given. */
export async function deletePass(store: Store, userId: string, id?: string): Promise<boolean> {
  const ofUser = store.deleteFrom('passes').where('user_id', '=', userId);
  const result = await (id === undefined ? ofUser : ofUser.where('id', '=', id)).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

/** Uses a pass that is good at `now`; of two that use one for a single use, one gets true. */
export async function usePass(store: Store, id: string, now: string): Promise<boolean> {
  const result = await store
    .updateTable('passes')
    .set({ used_on: now })
    .where('id', '=', id)
    .where('starts_on', '<=', now)
    .where('expires_on', '>', now)
    .where((e) => e.or([e('usable_once', '=', 0), e('used_on', 'is', null)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Passes that ended before, whether they were used or not. */
export async function purgePasses(store: Store, before: string): Promise<void> {
  await store.deleteFrom('passes').where('expires_on', '<', before).execute();
}

/**
 * Counts a try, if `most` of them are not counted yet in this window. One statement: of however many that come at once,
 * in however many processes, no more than `most` get true.
 */
export async function countTry(
  store: Store,
  { subject, most, now, windowEnd }: { subject: string; most: number; now: string; windowEnd: string },
): Promise<boolean> {
  const result = await store
    .insertInto('pass_tries')
    .values({ subject, tries: 1, window_end: windowEnd })
    .onConflict((conflict) =>
      conflict
        .column('subject')
        .doUpdateSet((e) => ({
          tries: e
            .case()
            .when('pass_tries.window_end', '<=', now)
            .then(1)
            .else(e('pass_tries.tries', '+', 1))
            .end(),
          window_end: e
            .case()
            .when('pass_tries.window_end', '<=', now)
            .then(windowEnd)
            .else(e.ref('pass_tries.window_end'))
            .end(),
        }))
        .where((e) => e.or([e('pass_tries.window_end', '<=', now), e('pass_tries.tries', '<', most)])),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Takes back what a right one, or one that was never tried, has counted. */
export async function uncountTry(store: Store, subject: string): Promise<void> {
  await store
    .updateTable('pass_tries')
    .set((e) => ({ tries: e('tries', '-', 1) }))
    .where('subject', '=', subject)
    .where('tries', '>', 0)
    .execute();
}

export async function forgetTries(store: Store, subject: string): Promise<void> {
  await store.deleteFrom('pass_tries').where('subject', '=', subject).execute();
}

export async function purgeTries(store: Store, now: string): Promise<void> {
  await store.deleteFrom('pass_tries').where('window_end', '<=', now).execute();
}

/** JSON of PassPolicy; undefined where nobody has changed it. Anyone can ask for it, by trying a pass: asked once for all. */
export const storedPassPolicy = shared(async (store): Promise<string | undefined> => {
  const row = await store
    .selectFrom('pass_policy')
    .select('rules')
    .where('id', '=', POLICY_ID)
    .executeTakeFirst();
  return row?.rules;
});

export async function keepPassPolicy(store: Store, rules: string, now: string): Promise<void> {
  await store
    .insertInto('pass_policy')
    .values({ id: POLICY_ID, rules, updated_on: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ rules, updated_on: now }))
    .execute();
}
