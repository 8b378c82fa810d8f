/** What administrators do with devices. Disabled or deleted, a device stops at its next request. */
import { X509Certificate } from 'node:crypto';
import { TenantError } from '../errors.ts';
import type { DeviceRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { sha1Hex } from './fingerprint.ts';
import * as queries from './queries.ts';
import type { Device } from './schema.ts';

/** @throws TenantError `device-not-found` */
export async function showDevice(tenant: Tenant, id: string): Promise<Device> {
  const row = await queries.deviceById(tenant.store, id.toLowerCase());
  if (row === undefined) throw notFound(id);
  return toDevice(row);
}

/** @throws TenantError `device-not-found` */
export async function enableDevice(
  tenant: Tenant,
  by: Caller,
  id: string,
  enabled: boolean,
): Promise<Device> {
  const lower = id.toLowerCase();
  if (!(await queries.setDeviceEnabled(tenant.store, lower, enabled))) throw notFound(id);
  const event = enabled ? 'device.enabled' : 'device.disabled';
  await tenant.audit.record({ ...by, event, subject: `device:${lower}`, outcome: 'allowed' });
  return showDevice(tenant, lower);
}

/** @throws TenantError `device-not-found` */
export async function removeDevice(tenant: Tenant, by: Caller, id: string): Promise<void> {
  const lower = id.toLowerCase();
  if (!(await queries.deleteDevice(tenant.store, lower))) throw notFound(id);
  await tenant.audit.record({
    ...by,
    event: 'device.deleted',
    subject: `device:${lower}`,
    outcome: 'allowed',
  });
}

export function toDevice(row: DeviceRow): Device {
  const certificate = Buffer.from(row.certificate, 'base64url');
  return {
    id: row.id,
    displayName: row.display_name,
    joinType: row.join_type,
    operatingSystem: row.operating_system,
    osVersion: row.os_version,
    enabled: row.enabled === 1,
    certificateThumbprint: sha1Hex(certificate),
    certificateNotAfter: new X509Certificate(certificate).validToDate.toISOString(),
    registeredBy: row.registered_by,
    registeredOn: row.registered_on,
    lastSeenOn: row.last_seen_on,
  };
}

const notFound = (id: string) =>
  new TenantError('device-not-found', `There is no device ${id}. \`kennel device list\` shows them all.`);
