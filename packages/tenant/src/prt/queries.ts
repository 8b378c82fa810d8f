/** The table of Primary Refresh Tokens: hashes, never the tokens themselves. */
import type { Store } from '../store/open.ts';
import type { PrtRow } from '../store/schema.ts';

/**
 * Adds a token, if at this very moment the device is enabled and its certificate still that one, and the user
 * is enabled; false otherwise. One statement: nothing that an administrator does can slip in between.
 */
export async function insertPrt(
  store: Store,
  { user_id, device_id, ...row }: PrtRow,
  certificateSha256: string,
): Promise<boolean> {
  const texts = [
    'token_hash',
    'session_key_sealed',
    'issued_on',
    'expires_on',
    'family',
    'credential_id',
    'authenticated_on',
    'superseded_on',
  ] as const;
  const result = await store
    .insertInto('prts')
    .columns(['user_id', 'device_id', 'kdf_version', 'used', ...texts])
    .expression((from) =>
      from
        .selectFrom(['users', 'devices'])
        .select(({ val, cast }) => [
          'users.id',
          'devices.id as device_id',
          cast<number>(val(row.kdf_version), 'integer').as('kdf_version'),
          cast<number>(val(row.used), 'integer').as('used'),
          ...texts.map((name) => cast<string | null>(val(row[name]), 'text').as(name)),
        ])
        .where('users.id', '=', user_id)
        .where('users.enabled', '=', 1)
        .where('devices.id', '=', device_id)
        .where('devices.enabled', '=', 1)
        .where('devices.certificate_sha256', '=', certificateSha256),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

export function prtByHash(store: Store, hash: string): Promise<PrtRow | undefined> {
  return store.selectFrom('prts').selectAll().where('token_hash', '=', hash).executeTakeFirst();
}

/**
 * Notes the first use of a token: its holder has it, so every other one of its family is done with.
 *
 * @param forgetOn when those others may be forgotten; until then their use is told as reuse
 */
export function noteFirstUse(
  store: Store,
  { token_hash, family }: PrtRow,
  now: string,
  forgetOn: string,
): Promise<void> {
  return store.transaction().execute(async (transaction) => {
    await transaction.updateTable('prts').set({ used: 1 }).where('token_hash', '=', token_hash).execute();
    await transaction
      .updateTable('prts')
      .set({ superseded_on: now, expires_on: forgetOn })
      .where('family', '=', family)
      .where('token_hash', '!=', token_hash)
      .where('superseded_on', 'is', null)
      .execute();
  });
}

/** Revokes all tokens of a family. */
export async function deleteFamily(store: Store, family: string): Promise<void> {
  await store.deleteFrom('prts').where('family', '=', family).execute();
}

/** Revokes a user's on all devices. */
export async function deletePrtsOfUser(store: Store, userId: string): Promise<void> {
  await store.deleteFrom('prts').where('user_id', '=', userId).execute();
}

export async function purgePrts(store: Store, now: string): Promise<void> {
  await store.deleteFrom('prts').where('expires_on', '<', now).execute();
}
