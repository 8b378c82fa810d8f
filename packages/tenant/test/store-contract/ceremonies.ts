/** What a ceremony spends: nonces, challenges, counters. */
import { expect } from 'vitest';
import * as nonces from '../../src/nonce/queries.ts';
import type { Store } from '../../src/store/open.ts';
import * as users from '../../src/users/queries.ts';
import { credentialWithUser } from '../../src/webauthn/key-with-user.ts';
import * as keys from '../../src/webauthn/queries.ts';
import { LATER, NOW, newCredential, newUser, type StoreTest } from './rows.ts';

export function ceremoniesInStore(check: StoreTest): void {
  check('of many that spend a nonce for one use, one does', async (store, other) => {
    const row = { nonce_hash: 'n1', use: 'prt-request', expires_on: LATER };
    const tries = Array.from({ length: 10 }, (_, i) =>
      nonces.insertSpent(i % 2 === 0 ? store : other, [row]),
    );
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
    expect(await nonces.insertSpent(store, [{ ...row, use: 'prt-assertion' }])).toBe(true);
    // all, or the request is refused: what came with a spent one is spent as well
    expect(await nonces.insertSpent(store, [{ ...row, nonce_hash: 'n2' }, row])).toBe(false);
    expect(await nonces.insertSpent(store, [{ ...row, nonce_hash: 'n2' }])).toBe(false);
    // sets that overlap, in one batch: the first has it, and those that share nothing are not in its way
    const set = (...names: string[]) => names.map((nonce_hash) => ({ ...row, nonce_hash }));
    const together = [set('n3', 'n4'), set('n4', 'n5'), set('n6'), set('n7', 'n7')];
    expect(await Promise.all(together.map((rows) => nonces.insertSpent(store, rows)))).toEqual([
      ...[true, false, true, false],
    ]);
    await nonces.purgeSpent(store, NOW);
    expect(await nonces.insertSpent(store, [row])).toBe(false);
    await nonces.purgeSpent(store, '2026-01-02T03:10:00.000Z');
    expect(await nonces.insertSpent(store, [row])).toBe(true);
  });

  check('a challenge is taken once', async (store, other) => {
    const user = newUser();
    await users.insertUser(store, user);
    await keys.insertChallenge(store, {
      challenge_hash: 'c1',
      purpose: 'p',
      user_id: user.id,
      expires_on: LATER,
    });
    const taken = await Promise.all([store, other, store, other].map((one) => keys.takeChallenge(one, 'c1')));
    expect(taken.filter((row) => row !== undefined)).toHaveLength(1);
  });

  check('a counter only rises, once for each value', async (store, other) => {
    const user = newUser();
    await users.insertUser(store, user);
    const key = newCredential(user.id);
    await keys.insertCredential(store, key);
    const advance = (one: Store, counter: number) =>
      keys.advanceCounter(one, { id: key.id, counter, backedUp: 0, now: NOW, where: 'here' });
    const tries = await Promise.all([store, other, store, other].map((one) => advance(one, 4_294_967_295)));
    expect(tries.filter(Boolean)).toHaveLength(1);
    expect(await advance(store, 4_294_967_295)).toBe(false);
    expect(await advance(store, 0)).toBe(false);
    expect((await credentialWithUser(store, key.id))?.credential).toMatchObject({
      counter: 4_294_967_295,
      last_used_on: NOW,
    });
    const uncounted = { ...newCredential(user.id), counter: 0 };
    await keys.insertCredential(store, uncounted);
    expect(
      await keys.advanceCounter(store, {
        id: uncounted.id,
        counter: 0,
        backedUp: 0,
        now: NOW,
        where: 'here',
      }),
    ).toBe(true);
    expect(await keys.removeCredential(store, user.id, uncounted.id, NOW)).toBe(true);
    expect(await keys.removeCredential(store, user.id, uncounted.id, NOW)).toBe(false);
    expect(
      await keys.advanceCounter(store, {
        id: uncounted.id,
        counter: 0,
        backedUp: 0,
        now: NOW,
        where: 'here',
      }),
    ).toBe(false);
    expect((await keys.credentialsOfUser(store, user.id)).map((row) => row.id)).toEqual([key.id]);
  });
}
