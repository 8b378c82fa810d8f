/** The table of Primary Refresh Tokens: hashes, never the tokens themselves. */
import type { Store } from '../store/open.ts';
import type { Database } from '../store/schema.ts';

/**
 * Adds a token, if at this very moment the device is enabled and its certificate still that one, and the user
 * is enabled; false otherwise. One statement: nothing that an administrator does can slip in between.
 */
export async function insertPrt(
  store: Store,
  { user_id, device_id, ...row }: Database['prts'],
  certificateSha256: string,
): Promise<boolean> {
  const result = await store
    .insertInto('prts')
    .columns([
      'user_id',
      'device_id',
      'token_hash',
      'session_key_sealed',
      'kdf_version',
      'issued_on',
      'expires_on',
    ])
    .expression((from) =>
      from
        .selectFrom(['users', 'devices'])
        .select(({ val, cast }) => [
          'users.id',
          'devices.id as device_id',
          val(row.token_hash).as('token_hash'),
          val(row.session_key_sealed).as('session_key_sealed'),
          cast<number>(val(row.kdf_version), 'integer').as('kdf_version'),
          val(row.issued_on).as('issued_on'),
          val(row.expires_on).as('expires_on'),
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

export async function purgePrts(store: Store, now: string): Promise<void> {
  await store.deleteFrom('prts').where('expires_on', '<', now).execute();
}
