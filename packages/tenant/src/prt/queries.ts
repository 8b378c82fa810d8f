/** The table of Primary Refresh Tokens: hashes, never the tokens themselves. */
import { sql } from 'kysely';
import { batched, batchedLookup } from '../store/batch.ts';
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
  const given = tokens.map(({ row, certificateSha256: certificate }) => {
    const texts = TEXTS.map((name) => sql`cast(${row[name]} as text)`);
    const numbers = NUMBERS.map((name) => sql`cast(${row[name]} as integer)`);
    return sql`(${sql.join([...texts, ...numbers, sql`cast(${certificate} as text)`])})`;
  });
  const columns = sql.join([...TEXTS, ...NUMBERS].map((name) => sql.ref(name)));
  const { rows } = await sql<{ token_hash: string }>`
    with given(${columns}, certificate) as (values ${sql.join(given)})
    insert into prts (${columns})
    select ${sql.join([...TEXTS, ...NUMBERS].map((name) => sql.ref(`given.${name}`)))}
    from given
    join users on users.id = given.user_id and users.enabled = 1
    join devices on devices.id = given.device_id and devices.enabled = 1
      and devices.certificate_sha256 = given.certificate
    returning token_hash`.execute(store);
  const added = new Set(rows.map(({ token_hash: hash }) => hash));
  return tokens.map(({ row }) => added.has(row.token_hash));
});

const TEXTS = [
  'token_hash',
  'user_id',
  'device_id',
  'session_key_sealed',
  'issued_on',
  'expires_on',
  'family',
  'credential_id',
  'authenticated_on',
  'superseded_on',
] as const satisfies (keyof PrtRow)[];
const NUMBERS = ['kdf_version', 'used'] as const satisfies (keyof PrtRow)[];

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
