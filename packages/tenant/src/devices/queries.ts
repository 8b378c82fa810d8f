/** The table of devices. */
import { batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { DeviceRow } from '../store/schema.ts';

export async function insertDevice(store: Store, row: DeviceRow): Promise<void> {
  await store.insertInto('devices').values(row).execute();
}

export const deviceById = batchedLookup<DeviceRow>(
  (store, ids) => store.selectFrom('devices').selectAll().where('id', 'in', ids).execute(),
  (row) => row.id,
);

export function listDevices(store: Store, after: string, limit: number): Promise<DeviceRow[]> {
  return store.selectFrom('devices').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute();
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
