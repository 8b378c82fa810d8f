/** Signing out, and leaving: what of the state goes, and what the tenant still knows. */
import { rmSync } from 'node:fs';
import { readDevice } from './state/device.ts';
import { onDisk, statePaths } from './state/files.ts';
import { listUsers, pickUser, removeUser } from './state/user.ts';
import { removeCcache } from './tickets/ccache.ts';

export interface SignedOut {
  /** The users who were signed in. */
  users: string[];
  /** The ticket caches that were removed; one that another principal uses by now is left alone. */
  ccaches: string[];
}

/**
 * Forgets a user's tokens and tickets, or everyone's.
 *
 * @throws DeviceError `not-signed-in` for a user who is not there, and those of the state files
 */
export function signOut({ stateDir, user }: { stateDir: string; user?: string }): SignedOut {
  const records = user === undefined ? listUsers(stateDir) : [pickUser(stateDir, user)];
  const ccaches = records.flatMap((record) => {
    const { ticket } = record;
    const removed = ticket !== undefined && removeCcache(ticket.ccache, ticket.principal);
    removeUser(stateDir, record.user.upn);
    return removed ? [ticket.ccache] : [];
  });
  return { users: records.map((record) => record.user.upn), ccaches };
}

export interface LeftDevice {
  deviceId: string;
  tenantUrl: string;
  /** What is left to do at the tenant. */
  next: string;
}

/**
 * Leaves the tenant on this side: everyone is signed out, and keys and certificate are deleted. The tenant is not
 * told, so the device stays in its list until an administrator deletes it.
 *
 * @throws DeviceError `not-joined`, and those of the state files
 */
export function leaveDevice({ stateDir }: { stateDir: string }): LeftDevice {
  const { device, tenant } = readDevice(stateDir);
  signOut({ stateDir });
  const { users, attempt, device: record, machineKey } = statePaths(stateDir);
  // The key goes last: without it whatever was left behind could not be opened.
  for (const path of [users, attempt, record, machineKey]) {
    onDisk(path, () => rmSync(path, { recursive: true, force: true }));
  }
  return {
    deviceId: device.id,
    tenantUrl: tenant.url,
    next: `The tenant still lists this device: have your administrator run \`kennel device delete ${device.id}\`.`,
  };
}
