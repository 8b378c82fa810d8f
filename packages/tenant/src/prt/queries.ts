/** The table of Primary Refresh Tokens: hashes, never the tokens themselves. */
import { sql } from 'kysely';
import { batched, batchedLookup } from '../store/batch.ts';
import { type Columns, columnsOf, givenRows } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { PrtRow } from '../store/schema.ts';

interface NewPrtRow {
  row: PrtRow;
  certificateSha256: string;
}

/**
 * Adds a token, if at this very moment the device is enabled and its certificate still that one, and the user
 * is enabled; false otherwise. One statement: nothing that an administrator does can slip in between.
 */
export const insertPrt = batched<NewPrtRow, boolean>(async (store, tokens) => {
  const given = tokensGiven(
    store,
    tokens.map(({ row, certificateSha256 }) => ({ ...row, certificateSha256 })),
  );
  const { rows } = await sql<{ token_hash: string }>`
    insert into prts (${names})
    select ${names} from ${given}
    where exists (select 1 from users where users.id = given.user_id and users.enabled = 1)
      and exists (select 1 from devices where devices.id = given.device_id and devices.enabled = 1
        and devices.certificate_sha256 = given."certificateSha256")
    returning token_hash`.execute(store);
  const added = new Set(rows.map(({ token_hash: hash }) => hash));
  return tokens.map(({ row }) => added.has(row.token_hash));
});

const COLUMNS = {
  token_hash: 'text',
  user_id: 'text',
  device_id: 'text',
  session_key_sealed: 'text',
  kdf_version: 'bigint',
  issued_on: 'text',
  expires_on: 'text',
  family: 'text',
  credential_id: 'text',
  authenticated_on: 'text',
  superseded_on: 'text',
  used: 'bigint',
} as const satisfies Columns<PrtRow>;
const names = columnsOf(COLUMNS);
const tokensGiven = givenRows<PrtRow & { certificateSha256: string }>({
  ...COLUMNS,
  certificateSha256: 'text',
});

export const prtByHash = batchedLookup<PrtRow>(
  (store, hashes) => store.selectFrom('prts').selectAll().where('token_hash', 'in', hashes).execute(),
  (row) => row.token_hash,
);

interface FirstUse {
  tokenHash: string;
  now: string;
  /** When the others may be forgotten; until then their use is told as reuse. */
  forgetOn: string;
}

/** Notes the first use of a token: its holder has it, so every other one of its family is done with. */
export const noteFirstUse = batched<FirstUse, void>(async (store, uses) => {
  const [{ now, forgetOn } = { now: '', forgetOn: '' }] = uses; // they are of one moment
  await store.transaction().execute(async (transaction) => {
    const first = await transaction
      .updateTable('prts')
      .set({ used: 1 })
      .where(
        'token_hash',
        'in',
        uses.map(({ tokenHash }) => tokenHash),
      )
      .where('used', '=', 0)
      .returning(['token_hash', 'family'])
      .execute();
    // Where another request was first, its answer is not to be taken back.
    for (const { token_hash: hash, family } of first) {
      await transaction
        .updateTable('prts')
        .set({ superseded_on: now, expires_on: forgetOn })
        .where('family', '=', family)
        .where('token_hash', '!=', hash)
        .where('superseded_on', 'is', null)
        .execute();
    }
  });
  return uses.map(() => undefined);
});

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
