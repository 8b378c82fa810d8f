/** The table of devices. */
import { batched, batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { DeviceRow } from '../store/schema.ts';

export async function insertDevice(store: Store, row: DeviceRow): Promise<void> {
  await store.insertInto('devices').values(row).execute();
}

export const deviceById = batchedLookup<DeviceRow>(
  (store, ids) => store.selectFrom('devices').selectAll().where('id', 'in', ids).execute(),
  (row) => row.id,
);

/** A page in the order of ids; with `notSeenSince` those that were neither seen nor joined since then. */
export function listDevices(
  store: Store,
  after: string,
  limit: number,
  notSeenSince?: string,
): Promise<DeviceRow[]> {
  const query = store.selectFrom('devices').selectAll().where('id', '>', after).orderBy('id').limit(limit);
  if (notSeenSince === undefined) return query.execute();
  return query
    .where((e) => e(e.fn.coalesce('last_seen_on', 'registered_on'), '<', notSeenSince))
    .where('registered_on', '<', notSeenSince)
    .execute();
}

/** Notes that devices were there. */
export const noteSeen = batched<{ id: string; now: string }, void>(async (store, seen) => {
  const [{ now } = { now: '' }] = seen; // they are of one moment
  await store
    .updateTable('devices')
    .set({ last_seen_on: now })
    .where('id', 'in', [...new Set(seen.map(({ id }) => id))].sort())
    .execute();
  return seen.map(() => undefined);
});

/**
 * Adds a device, if the person who registers it has fewer than `most`; false otherwise. Their row is locked by a change
 * that changes nothing, so that of their joins one counts after the other, in whichever process.
 */
export function insertDeviceWithin(store: Store, row: DeviceRow, most: number): Promise<boolean> {
  return store.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('users')
      .set((e) => ({ enabled: e.ref('enabled') }))
      .where('id', '=', row.registered_by)
      .execute();
    if ((await countDevicesOf(transaction, row.registered_by)) >= most) return false;
    await insertDevice(transaction, row);
    return true;
  });
}

export async function countDevicesOf(store: Store, userId: string): Promise<number> {
  const row = await store
    .selectFrom('devices')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('registered_by', '=', userId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/**
 * A re-join: new keys in place of the old ones, if the certificate is still the one that was read and the
 * device is enabled. The PRTs of the old keys go with them.
 */
export function replaceDeviceKeys(store: Store, row: DeviceRow, oldCertificate: string): Promise<boolean> {
  const { id, ...changes } = row;
  return store.transaction().execute(async (transaction) => {
    const result = await transaction
      .updateTable('devices')
      .set(changes)
      .where('id', '=', id)
      .where('certificate_sha256', '=', oldCertificate)
      .where('enabled', '=', 1)
      .executeTakeFirst();
    if (result.numUpdatedRows !== 1n) return false;
    await transaction.deleteFrom('prts').where('device_id', '=', id).execute();
    return true;
  });
}

/** Whether there was such a device. */
export async function setDeviceEnabled(store: Store, id: string, enabled: boolean): Promise<boolean> {
  const result = await store
    .updateTable('devices')
    .set({ enabled: Number(enabled) })
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Whether there was such a device; its PRTs go with it. */
export async function deleteDevice(store: Store, id: string): Promise<boolean> {
  const result = await store.deleteFrom('devices').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows === 1n;
}

const POLICY_ID = 'devices';

/** JSON of DevicePolicyRules; undefined where nobody has changed it. */
export async function storedDevicePolicy(store: Store): Promise<string | undefined> {
  const row = await store
    .selectFrom('device_policy')
    .select('rules')
    .where('id', '=', POLICY_ID)
    .executeTakeFirst();
  return row?.rules;
}

export async function keepDevicePolicy(store: Store, rules: string, now: string): Promise<void> {
  await store
    .insertInto('device_policy')
    .values({ id: POLICY_ID, rules, updated_on: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ rules, updated_on: now }))
    .execute();
}
