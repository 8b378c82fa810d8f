/** Whose certificate a request bears: one that our device CA issued, that is not over, and that is the device's current one. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { JOIN_TYPES } from '@kennel/prt';
import { TenantError } from '../errors.ts';
import type { DeviceRow } from '../store/schema.ts';
import { syncedComputer } from '../sync/queries.ts';
import type { Tenant } from '../tenant.ts';
import { sha256Hex } from './fingerprint.ts';
import { deviceById } from './queries.ts';

interface OurCertificate {
  sha256: string;
  deviceId: string;
  publicKey: KeyObject;
  notBefore: Date;
  notAfter: Date;
}

/** Certificates found to be from our CA, by hash, so that a device's next request costs less. */
const known = new WeakMap<Tenant, Map<string, OurCertificate>>();
const KNOWN_AT_MOST = 10_000;

/**
 * The device of a certificate. That its key was used, and whether the device is enabled, is for the caller to check.
 *
 * @param der the certificate
 * @param onDevice called as soon as it is found to be one of ours: for the audit of a refusal
 * @throws TenantError `device-certificate-foreign`, `-expired`, `-superseded`, `device-unknown`
 */
export async function currentDevice(
  tenant: Tenant,
  der: Uint8Array,
  onDevice: (deviceId: string) => void,
): Promise<{ device: DeviceRow; publicKey: KeyObject }> {
  const certificate = ourCertificate(tenant, der);
  onDevice(certificate.deviceId);
  const now = tenant.now();
  if (now < certificate.notBefore || now > certificate.notAfter) {
    throw new TenantError(
      'device-certificate-expired',
      "The device's certificate is over, or its clock is wrong. Check the clock; if it is right, join the device again.",
    );
  }
  const device = await deviceById(tenant.store, certificate.deviceId);
  if (device === undefined) {
    throw new TenantError('device-unknown', 'This device was deleted from the tenant. Join it again.');
  }
  if (device.certificate_sha256 !== certificate.sha256) {
    throw new TenantError(
      'device-certificate-superseded',
      'This device was joined again since, and the old certificate is no longer good. Use the new one, or join again.',
    );
  }
  return { device, publicKey: certificate.publicKey };
}

/** A hybrid device is also what its computer is in the directory. @throws TenantError `device-disabled` */
export async function checkEnabled(tenant: Tenant, device: DeviceRow): Promise<void> {
  if (device.enabled !== 1) {
    throw new TenantError('device-disabled', 'This device is disabled. Ask your administrator to enable it.');
  }
  if (device.join_type !== JOIN_TYPES.hybridJoin) return;
  if ((await syncedComputer(tenant.store, device.id))?.enabled !== 1) {
    throw new TenantError(
      'device-disabled',
      "This computer is disabled in your organization's directory, or gone from it. Ask your administrator.",
    );
  }
}

function ourCertificate(tenant: Tenant, der: Uint8Array): OurCertificate {
  const sha256 = sha256Hex(der);
  const cache = known.get(tenant) ?? new Map<string, OurCertificate>();
  known.set(tenant, cache);
  const cached = cache.get(sha256);
  if (cached !== undefined) return cached;
  const foreign = (cause: string) =>
    new TenantError(
      'device-certificate-foreign',
      "The device's certificate is not from this tenant. Join the device to this tenant.",
      {
        cause,
      },
    );
  const { deviceCa } = tenant.keys;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
    const issuers = [deviceCa.certificate, ...deviceCa.retired];
    const ours = issuers.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
    if (!ours || certificate.ca) throw foreign('issuer');
  } catch (error) {
    throw error instanceof TenantError ? error : foreign(String(error));
  }
  // The cut DER and nothing after it: what was hashed is what was signed.
  if (!certificate.raw.equals(der)) throw foreign('trailing bytes');
  const deviceId = /^CN=([0-9a-f-]{36})$/.exec(certificate.subject)?.[1];
  if (deviceId === undefined) throw foreign('subject');
  const entry = {
    sha256,
    deviceId,
    publicKey: certificate.publicKey,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
  };
  if (cache.size >= KNOWN_AT_MOST) cache.clear();
  cache.set(sha256, entry);
  return entry;
}
