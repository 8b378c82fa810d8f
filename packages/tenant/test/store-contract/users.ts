/** Users, and the first administrator. */
import { expect } from 'vitest';
import * as firstAdministrator from '../../src/first-administrator/queries.ts';
import { isUniqueViolation } from '../../src/store/errors.ts';
import * as users from '../../src/users/queries.ts';
import { LATER, NOW, newUser, type StoreTest } from './rows.ts';

export function usersInStore(check: StoreTest): void {
  check('keeps text of every kind, and names and SIDs once', async (store, other) => {
    const user = newUser({ on_premises_sid: 'S-1-5-21-1-2-3-1000' });
    await users.insertUser(store, user);
    expect(await users.userById(other, user.id)).toEqual(user);
    expect(await users.userByUpn(other, user.upn_folded)).toEqual(user);
    for (const clash of [
      newUser({ upn_folded: user.upn_folded }),
      newUser({ on_premises_sid: user.on_premises_sid }),
      newUser({ user_handle: user.user_handle }),
      newUser({ id: user.id }),
    ]) {
      const error = await users.insertUser(store, clash).catch((cause: unknown) => cause);
      expect(isUniqueViolation(error)).toBe(true);
    }
    await Promise.all([users.insertUser(store, newUser()), users.insertUser(store, newUser())]); // no SID, twice
  });

  check('finds users by the part before the @, whatever characters it has', async (store) => {
    await users.insertUser(store, newUser({ upn_folded: 'al%ce@example.com' }));
    await users.insertUser(store, newUser({ upn_folded: 'alice@example.com' }));
    await users.insertUser(store, newUser({ upn_folded: 'alice@other.example' }));
    await users.insertUser(store, newUser({ upn_folded: 'alicent@example.com' }));
    expect(await users.usersByShortName(store, 'al%ce')).toHaveLength(1);
    expect(await users.usersByShortName(store, 'alice')).toHaveLength(2);
    expect(await users.usersByShortName(store, 'al')).toHaveLength(0);
  });

  check(
    "the first administrator's link is one, replaced by the next, and used once",
    async (store, other) => {
      await firstAdministrator.putLink(store, { token_hash: 'a', expires_on: LATER });
      await firstAdministrator.putLink(other, { token_hash: 'b', expires_on: LATER });
      expect(await firstAdministrator.isLink(store, 'a', NOW)).toBe(false);
      expect(await firstAdministrator.isLink(store, 'b', NOW)).toBe(true);
      expect(await firstAdministrator.isLink(store, 'b', LATER)).toBe(false);
      const tries = [store, other, store].map((one) => firstAdministrator.takeLink(one, 'b', NOW));
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      const admin = newUser({ role: 'administrator' });
      expect(await users.hasAdministrator(store)).toBe(false);
      await users.insertUser(store, admin);
      expect(await users.hasAdministrator(other)).toBe(true);
      await users.deleteUser(store, admin.id);
    },
  );
}
