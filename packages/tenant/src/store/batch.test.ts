/** Many who ask at once: few statements, each with its own answer and its own fate. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { batched, batchedLookup, shared } from './batch.ts';
import { openStore } from './open.ts';

const store = openStore({ sqlite: ':memory:' });

test('who asks while a statement is under way goes into the next, and no statement grows without bounds', async () => {
  const sizes: number[] = [];
  const begun = Promise.withResolvers<void>();
  const twice = batched<number, number>(async (_, inputs) => {
    sizes.push(inputs.length);
    begun.resolve();
    await wait(1);
    return inputs.map((input) => input * 2);
  });
  const first = twice(store, 1);
  const rest = begun.promise.then(() => Promise.all(Array.from({ length: 130 }, (_, i) => twice(store, i))));
  expect(await first).toBe(2);
  expect(await rest).toEqual(Array.from({ length: 130 }, (_, i) => i * 2));
  expect(sizes).toEqual([1, 64, 64, 2]);
});

test('one that fails fails alone, and what comes later is not in its way', async () => {
  const even = batched<number, number>(async (_, inputs) => {
    if (inputs.some((input) => input % 2 === 1)) throw new Error(`odd: ${inputs.join(' ')}`);
    return inputs;
  });
  const results = await Promise.allSettled([2, 3, 4].map((input) => even(store, input)));
  expect(results).toEqual([
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: new Error('odd: 3') },
    { status: 'fulfilled', value: 4 },
  ]);
  expect(await even(store, 6)).toBe(6);
});

test('a store has its own batches', async () => {
  const other = openStore({ sqlite: ':memory:' });
  const which = batched<string, boolean>(async (given, inputs) =>
    inputs.map((name) => (name === 'other') === (given === other)),
  );
  expect(await Promise.all([which(store, 'mine'), which(other, 'other')])).toEqual([true, true]);
});

test('a key is looked up once, and a key that is not there gives nothing', async () => {
  const asked: (readonly string[])[] = [];
  const lookup = batchedLookup<{ id: string }>(
    async (_, ids) => {
      asked.push(ids);
      return [{ id: 'b' }, { id: 'a' }];
    },
    (row) => row.id,
  );
  const found = await Promise.all(['a', 'b', 'a', 'c'].map((id) => lookup(store, id)));
  expect(found).toEqual([{ id: 'a' }, { id: 'b' }, { id: 'a' }, undefined]);
  expect(asked).toEqual([['a', 'b', 'c']]);
});

test('a shared read begins after the last of those it is for has asked', async () => {
  let value = 0;
  const begun = Promise.withResolvers<void>();
  const read = shared(async () => {
    const seen = value;
    begun.resolve();
    await wait(1);
    return seen;
  });
  const early = read(store);
  await begun.promise;
  value = 1;
  const late = [read(store), read(store)];
  expect(await Promise.all([early, ...late])).toEqual([0, 1, 1]);
});
