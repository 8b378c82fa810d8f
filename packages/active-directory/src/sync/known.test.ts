/** What is known, what was read, what is left; and how little memory that takes. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { KnownVersions } from './known.ts';
import { hashOf } from './objects.ts';

async function* from(all: { anchor: string; version: string }[]) {
  yield* all;
}
const many = (count: number) =>
  Array.from({ length: count }, () => ({ anchor: randomUUID(), version: hashOf(randomUUID()) })).sort(
    (a, b) => (a.anchor < b.anchor ? -1 : 1),
  );

it('tells the same from a changed one and from a new one, and what was not read', async () => {
  const all = many(5000);
  const known = await KnownVersions.read(from(all));
  expect(known.size).toBe(5000);
  const left = all.filter((_, at) => at % 7 === 3);
  for (const [at, { anchor, version }] of all.entries()) {
    if (at % 7 === 3) continue;
    expect(known.see(anchor, at % 2 === 0 ? version : hashOf('other'))).toBe(at % 2 === 0);
  }
  expect(known.see(randomUUID(), 'x')).toBeUndefined();
  expect(known.unseen()).toEqual(left.map(({ anchor }) => anchor));
});

it('has nothing in an empty tenant', async () => {
  const known = await KnownVersions.read(from([]));
  expect(known.see(randomUUID(), 'x')).toBeUndefined();
  expect(known.unseen()).toEqual([]);
});
