/** Temporary Access Passes, and guesses at them. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import * as passes from '../../src/passes/queries.ts';
import { TRIES_A_NAME, WINDOW_SECONDS } from '../../src/passes/tries.ts';
import * as users from '../../src/users/queries.ts';
import { guessPasses } from '../pass-guessing.ts';
import { LATER, NOW, newUser, type StoreTest } from './rows.ts';

export function passesInStore(check: StoreTest): void {
  check(
    'of 10,000 guesses at a pass that come at once, the first few are looked at',
    async (store, other) => {
      const result = await guessPasses([store, other], 10_000);
      expect(result).toEqual({ looked: TRIES_A_NAME, locked: 10_000 - TRIES_A_NAME });
      // A minute later it is still so, and when the window is over it begins anew.
      expect(await guessPasses([store, other], 100, 60)).toEqual({ looked: 0, locked: 100 });
      expect(await guessPasses([store, other], 100, WINDOW_SECONDS + 1)).toEqual({
        looked: TRIES_A_NAME,
        locked: 100 - TRIES_A_NAME,
      });
      await passes.purgeTries(store, '9999');
    },
  );

  check('a pass is one of a user, and one for a single use is used once', async (store, other) => {
    const user = newUser();
    await users.insertUser(store, user);
    const row = {
      user_id: user.id,
      id: randomUUID(),
      hash: 'h',
      created_on: NOW,
      starts_on: NOW,
      expires_on: LATER,
      usable_once: 1,
      used_on: null,
    };
    await passes.putPass(store, { ...row, id: randomUUID() });
    await passes.putPass(store, row);
    expect(await passes.passOfUser(other, user.id)).toEqual(row);
    expect(await passes.usePass(store, row.id, '2026-01-01T00:00:00.000Z')).toBe(false);
    expect(await passes.usePass(store, row.id, LATER)).toBe(false);
    const uses = [store, other, store, other].map((one) => passes.usePass(one, row.id, NOW));
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
    await passes.putPass(store, { ...row, usable_once: 0 });
    expect(await passes.usePass(store, row.id, NOW)).toBe(true);
    expect(await passes.usePass(other, row.id, NOW)).toBe(true);
    await passes.purgePasses(store, LATER);
    expect(await passes.deletePass(store, user.id)).toBe(true);
    expect(await passes.deletePass(store, user.id)).toBe(false);
    expect(await passes.storedPassPolicy(store)).toBeUndefined();
    for (const rules of ['{"a":1}', '{"a":2}']) await passes.keepPassPolicy(store, rules, NOW);
    expect(await passes.storedPassPolicy(other)).toBe('{"a":2}');
  });
}
