/** The tables of clients and of their invitations. */
import type { Store } from '../store/open.ts';
import type { ClientRow, Database } from '../store/schema.ts';

type InvitationRow = Database['client_invitations'];

export async function insertInvitation(store: Store, row: InvitationRow): Promise<void> {
  await store.insertInto('client_invitations').values(row).execute();
}

/**
 * Takes an invitation that is still good and writes the client, both or neither. Undefined where there was no such
 * invitation: whoever takes it is the only one.
 */
export function enrolWith(
  store: Store,
  tokenHash: string,
  now: string,
  rowFor: (invitation: InvitationRow) => ClientRow,
): Promise<ClientRow | undefined> {
  return store.transaction().execute(async (transaction) => {
    const invitation = await transaction
      .deleteFrom('client_invitations')
      .where('token_hash', '=', tokenHash)
      .where('expires_on', '>', now)
      .returningAll()
      .executeTakeFirst();
    if (invitation === undefined) return undefined;
    const row = rowFor(invitation);
    await transaction.insertInto('clients').values(row).execute();
    return row;
  });
}

export async function purgeInvitations(store: Store, now: string): Promise<void> {
  await store.deleteFrom('client_invitations').where('expires_on', '<=', now).execute();
}

export function clientById(store: Store, id: string): Promise<ClientRow | undefined> {
  return store.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listClients(store: Store): Promise<ClientRow[]> {
  return store.selectFrom('clients').selectAll().orderBy('enrolled_on').orderBy('id').execute();
}

export async function recordClientUse(store: Store, id: string, now: string): Promise<void> {
  await store.updateTable('clients').set({ last_used_on: now }).where('id', '=', id).execute();
}

/** False where it was revoked before. */
export async function revoke(store: Store, id: string, now: string): Promise<boolean> {
  const result = await store
    .updateTable('clients')
    .set({ revoked_on: now })
    .where('id', '=', id)
    .where('revoked_on', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
