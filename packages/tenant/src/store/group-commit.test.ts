/** Many statements and transactions at once on SQLite: in their order, each with its own fate, on the disk when answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrateStore, openStore, type Store } from './open.ts';

let dir: string;
let store: Store;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-commit-'));
  store = openStore({ sqlite: join(dir, 'store.db') });
  await migrateStore(store);
});
afterEach(async () => {
  await store.destroy();
  rmSync(dir, { recursive: true });
});

const put = (name: string, on: Store = store) => on.insertInto('meta').values({ name, value: 'x' }).execute();
/** As another process sees it: what is committed. */
function committed(): string[] {
  const other = new DatabaseSync(join(dir, 'store.db'));
  const rows = other.prepare('select name from meta order by name').all();
  other.close();
  return rows.map((row) => String(row.name));
}

test('a statement that fails takes nobody with it, and what was answered is committed', async () => {
  const all = ['a', 'b', 'a', 'c'].map((name) => put(name).then(committed));
  const results = await Promise.allSettled(all);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  for (const result of results)
    if (result.status === 'fulfilled') expect(result.value).toEqual(['a', 'b', 'c']);
});

test('a transaction has the connection to itself, and what it takes back is its own', async () => {
  const seen: string[][] = [];
  const transaction = (name: string, fails: boolean) =>
    store.transaction().execute(async (trx) => {
      await put(name, trx);
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push((await trx.selectFrom('meta').select('name').execute()).map((row) => row.name));
      if (fails) throw new Error('taken back');
    });
  const results = await Promise.allSettled([
    put('a'),
    transaction('t1', true),
    put('b'),
    transaction('t2', false),
    put('c'),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(committed()).toEqual(['a', 'b', 'c', 't2']);
  // Neither saw half of another's work.
  expect(seen[1]).not.toContain('t1');
});

test('a failure that ends the transaction fails all that shared it', async () => {
  const broken = new DatabaseSync(join(dir, 'store.db'));
  broken.exec(
    "create trigger stop before insert on meta when new.name = 'stop' begin select raise(rollback, 'no'); end",
  );
  broken.close();
  const results = await Promise.allSettled([put('a'), put('stop'), put('b')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(committed()).toEqual([]);
  await put('later');
  expect(committed()).toEqual(['later']);
});
