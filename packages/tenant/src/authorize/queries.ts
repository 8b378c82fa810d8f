/** The tables of authorization codes and refresh tokens: hashes, never what was given out. */
import type { Store } from '../store/open.ts';
import type { AuthorizationCodeRow, RefreshTokenRow } from '../store/sign-in-rows.ts';

export async function insertCode(store: Store, row: AuthorizationCodeRow): Promise<void> {
  await store.insertInto('authorization_codes').values(row).execute();
}

export function codeByHash(store: Store, hash: string): Promise<AuthorizationCodeRow | undefined> {
  return store.selectFrom('authorization_codes').selectAll().where('code_hash', '=', hash).executeTakeFirst();
}

/** True for the first who uses it, and for nobody else. */
export async function useCode(store: Store, hash: string): Promise<boolean> {
  const result = await store
    .updateTable('authorization_codes')
    .set({ used: 1 })
    .where('code_hash', '=', hash)
    .where('used', '=', 0)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function insertRefreshToken(store: Store, row: RefreshTokenRow): Promise<void> {
  await store.insertInto('refresh_tokens').values(row).execute();
}

export function refreshTokenByHash(store: Store, hash: string): Promise<RefreshTokenRow | undefined> {
  return store.selectFrom('refresh_tokens').selectAll().where('token_hash', '=', hash).executeTakeFirst();
}

/** True for the first who uses it, and for nobody else. */
export async function useRefreshToken(store: Store, hash: string): Promise<boolean> {
  const result = await store
    .updateTable('refresh_tokens')
    .set({ used: 1 })
    .where('token_hash', '=', hash)
    .where('used', '=', 0)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Ends everything that came of one sign-in. */
export async function deleteFamily(store: Store, family: string): Promise<void> {
  await store.deleteFrom('refresh_tokens').where('family', '=', family).execute();
}

export async function purgeGrants(store: Store, now: string): Promise<void> {
  await store.deleteFrom('authorization_codes').where('expires_on', '<', now).execute();
  await store.deleteFrom('refresh_tokens').where('expires_on', '<', now).execute();
}
