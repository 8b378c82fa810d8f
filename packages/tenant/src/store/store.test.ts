/** The store's contract on SQLite, which is always there, and what is SQLite's own. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { signInContract } from '../../test/sign-in-contract.ts';
import { storeContract } from '../../test/store-contract.ts';
import { migrateStore, openStore } from './open.ts';

const dir = mkdtempSync(join(tmpdir(), 'kennel-store-'));
afterAll(() => rmSync(dir, { recursive: true }));

// One process, one connection: that is how SQLite is used here.
const only = openStore({ sqlite: join(dir, 'contract.db') });
storeContract('SQLite', async () => only);
signInContract('SQLite', () => ({ sqlite: join(dir, 'sign-ins.db') }), 1);

test('the file is for its owner, commits are flushed, and references are enforced', async () => {
  const file = join(dir, 'own.db');
  const store = openStore({ sqlite: file });
  await migrateStore(store);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const pragma = async (name: string) =>
    Object.values((await sql.raw(`pragma ${name}`).execute(store)).rows[0] ?? {})[0];
  expect(await pragma('journal_mode')).toBe('wal');
  expect(await pragma('synchronous')).toBe(2);
  expect(await pragma('foreign_keys')).toBe(1);
  await expect(
    store
      .insertInto('challenges')
      .values({ challenge_hash: 'c', purpose: 'p', user_id: 'nobody', expires_on: '' })
      .execute(),
  ).rejects.toThrow('FOREIGN KEY');
  await store.destroy();
});
