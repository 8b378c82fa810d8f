/** Devices and their Primary Refresh Tokens. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import * as devices from '../../src/devices/queries.ts';
import * as prts from '../../src/prt/queries.ts';
import type { Store } from '../../src/store/open.ts';
import * as users from '../../src/users/queries.ts';
import { LATER, NOW, newDevice, newPrt, newUser, type StoreTest } from './rows.ts';

export function devicesInStore(check: StoreTest): void {
  check('a PRT is added only for a device and a user as they are at that moment', async (store) => {
    const user = newUser();
    await users.insertUser(store, user);
    const device = newDevice(user.id);
    await devices.insertDevice(store, device);
    const add = (certificate = device.certificate_sha256) =>
      prts.insertPrt(store, { row: newPrt(user.id, device.id), certificateSha256: certificate });
    expect(await add()).toBe(true);
    expect(await add('0'.repeat(64))).toBe(false);
    await users.updateUser(store, user.id, { enabled: 0 });
    expect(await add()).toBe(false);
    await users.updateUser(store, user.id, { enabled: 1 });
    await devices.setDeviceEnabled(store, device.id, false);
    expect(await add()).toBe(false);
    expect(await devices.deleteDevice(store, device.id)).toBe(true);
    expect(await add()).toBe(false);
    expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
  });

  check(
    'of many devices that one person joins at once, as many are added as they may have',
    async (store, other) => {
      const [user, another] = [newUser(), newUser()];
      await users.insertUser(store, user);
      await users.insertUser(store, another);
      const joins = Array.from({ length: 16 }, (_, i) =>
        devices.insertDeviceWithin(i % 2 === 0 ? store : other, newDevice(user.id), 5),
      );
      const theirs = devices.insertDeviceWithin(store, newDevice(another.id), 1);
      expect((await Promise.all(joins)).filter(Boolean)).toHaveLength(5);
      expect(await theirs).toBe(true);
      expect(await devices.countDevicesOf(store, user.id)).toBe(5);
    },
  );

  check('new device keys replace the old ones once, and take the PRTs with them', async (store, other) => {
    const user = newUser();
    await users.insertUser(store, user);
    const device = newDevice(user.id);
    await devices.insertDevice(store, device);
    const prt = newPrt(user.id, device.id);
    expect(await prts.insertPrt(store, { row: prt, certificateSha256: device.certificate_sha256 })).toBe(
      true,
    );
    expect(await store.selectFrom('prts').selectAll().execute()).toEqual([prt]);
    const next = () => ({ ...device, certificate_sha256: randomBytes(32).toString('hex') });
    const replace = (one: Store) => devices.replaceDeviceKeys(one, next(), device.certificate_sha256);
    expect((await Promise.all([replace(store), replace(other)])).sort()).toEqual([false, true]);
    expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
    expect(await devices.countDevicesOf(store, user.id)).toBe(1);
    const current = (await devices.deviceById(store, device.id))?.certificate_sha256 ?? '';
    expect(await prts.insertPrt(store, { row: prt, certificateSha256: current })).toBe(true);
    await users.deleteUser(store, user.id);
    expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
  });

  check('the first use of a PRT supersedes the others of its family, and they go together', async (store) => {
    const user = newUser();
    await users.insertUser(store, user);
    const device = newDevice(user.id);
    await devices.insertDevice(store, device);
    const [old, next, stranger] = [
      newPrt(user.id, device.id, 'family'),
      newPrt(user.id, device.id, 'family'),
      newPrt(user.id, device.id),
    ];
    for (const row of [old, next, stranger])
      expect(await prts.insertPrt(store, { row, certificateSha256: device.certificate_sha256 })).toBe(true);
    await prts.noteFirstUse(store, { tokenHash: next.token_hash, now: NOW, forgetOn: LATER });
    expect(await prts.prtByHash(store, old.token_hash)).toEqual({ ...old, superseded_on: NOW });
    expect(await prts.prtByHash(store, next.token_hash)).toEqual({ ...next, used: 1 });
    expect(await prts.prtByHash(store, stranger.token_hash)).toEqual(stranger);
    await prts.deleteFamily(store, 'family');
    expect(await prts.prtByHash(store, next.token_hash)).toBeUndefined();
    expect(await prts.prtByHash(store, stranger.token_hash)).toEqual(stranger);
  });
}
