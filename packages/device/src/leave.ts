/** Signing out, and leaving: what of the state goes, and what the tenant still knows. */
import { rmSync } from 'node:fs';
import { encodeBase64, signJwsBy } from '@kennel/prt';
import { DeviceError } from './errors/device-error.ts';
import { listCaches, type OfflineCache, removeCache } from './offline/cache.ts';
import { removeBootKey } from './state/boot-key.ts';
import { certificateOf, type DeviceRecord, keysOf, readDevice } from './state/device.ts';
import { onDisk, statePaths } from './state/files.ts';
import { removePending } from './state/pending.ts';
import { listUsers, pickUser, removeUser, sameUser } from './state/user.ts';
import { tenantClient } from './tenant/client.ts';
import { removeCcache } from './tickets/ccache.ts';

export interface SignedOut {
  /** The users who were signed in. */
  users: string[];
  /** The ticket caches that were removed; one that another principal uses by now is left alone. */
  ccaches: string[];
  /** Who can still be signed in without the tenant. */
  offline: string[];
}

const upnsOf = (caches: readonly OfflineCache[]) => caches.map(({ user }) => user.upn);

/**
 * Forgets a user's tokens and tickets, or everyone's. What the next sign-in without the tenant needs stays, under the
 * security key, unless it is to be forgotten as well.
 *
 * @throws DeviceError `not-signed-in` for a user who is not there, and those of the state files
 */
export function signOut({
  stateDir,
  user,
  forget = false,
}: {
  stateDir: string;
  user?: string;
  forget?: boolean;
}): SignedOut {
  const caches = listCaches(stateDir).filter((cache) => user === undefined || sameUser(cache.user.upn, user));
  if (forget) for (const cache of caches) removeCache(stateDir, cache.user.upn);
  // Somebody who is signed out already, and is forgotten now, is no mistake.
  const known = user === undefined || (forget && caches.length > 0);
  const records = known
    ? listUsers(stateDir).filter((record) => user === undefined || sameUser(record.user.upn, user))
    : [pickUser(stateDir, user)];
  const ccaches = records.flatMap((record) => {
    const { ticket } = record;
    const removed = ticket !== undefined && removeCcache(ticket.ccache, ticket.principal);
    removeUser(stateDir, record.user.upn);
    return removed ? [ticket.ccache] : [];
  });
  return { users: records.map((record) => record.user.upn), ccaches, offline: forget ? [] : upnsOf(caches) };
}

export interface LeftDevice {
  deviceId: string;
  tenantUrl: string;
  /** Whether the tenant has deleted the device. */
  deleted: boolean;
  /** What is left to do, where it has not. */
  next: string | undefined;
}

/**
 * Leaves the tenant: it is told, everyone is signed out, and keys and certificate are deleted. A tenant that cannot be
 * told, or refuses, keeps nobody here; then an administrator deletes the device there.
 *
 * @throws DeviceError `not-joined`, and those of the state files
 */
export async function leaveDevice({ stateDir }: { stateDir: string }): Promise<LeftDevice> {
  const record = readDevice(stateDir);
  const { device, tenant } = record;
  const refusal = await tellTenant(stateDir, record);
  signOut({ stateDir });
  removePending(stateDir);
  const { users, offline, attempt, device: file, machineKey: key } = statePaths(stateDir);
  // The key goes last: without it whatever was left behind could not be opened.
  for (const path of [users, offline, attempt, file, key]) {
    onDisk(path, () => rmSync(path, { recursive: true, force: true }));
  }
  removeBootKey(stateDir, device.id);
  return {
    deviceId: device.id,
    tenantUrl: tenant.url,
    deleted: refusal === undefined,
    next:
      refusal &&
      `The tenant still lists this device (${refusal.message}) Have your administrator run \`kennel device delete ${device.id}\`.`,
  };
}

/** @returns why the tenant has not deleted the device; a tenant that knew nothing of it any more is no reason */
async function tellTenant(stateDir: string, record: DeviceRecord): Promise<DeviceError | undefined> {
  const { device, tenant } = record;
  try {
    const client = tenantClient(tenant.caFile);
    const { sign } = keysOf(stateDir, record).device;
    const x5c = [encodeBase64(certificateOf(record))];
    const payload = { request_nonce: await client.nonce(tenant.tokenEndpoint), purpose: 'delete' };
    const credential = await signJwsBy(sign, { x5c }, payload);
    await client.deleteDevice(tenant.registrationEndpoint, device.id, credential);
    return undefined;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return error.code === 'device-unknown' ? undefined : error;
  }
}
