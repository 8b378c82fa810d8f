/**
 * Hybrid join (protocol of the open clients; the SCP leads to it): a computer of a synced domain registers itself. No
 * person takes part, and the signed identity covers neither certificate request nor transport key, so more is asked
 * than the protocol does: the computer was announced by the sync of its domain and is enabled there, the identity
 * names its SID, is signed with a certificate that the directory has for it, is five minutes old at the most and
 * good once, and the device is not registered yet. A computer that comes again with the very keys that are registered
 * has lost the answer, and gets it once more. Whoever wants to replace the keys of a registered device needs an
 * administrator, who deletes it.
 */
import { constants, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { decodeBase64, PrtError } from '@kennel/prt';
import type { AuditEvent } from '../audit/rules.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { insertSpent } from '../nonce/queries.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { DeviceRow } from '../store/schema.ts';
import type { SyncedComputerRow } from '../store/sync-rows.ts';
import { syncedComputer } from '../sync/queries.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { iso } from '../time.ts';
import { issueDeviceCertificate } from './certificate.ts';
import { checkEnabled } from './current-device.ts';
import { sha256Hex } from './fingerprint.ts';
import { checkTransportKey, deviceKeyOf, joinAnswer } from './join.ts';
import { deviceById, insertDevice } from './queries.ts';
import type { HybridJoinRequest, JoinAnswer } from './schema.ts';

const FRESH_MS = 5 * 60_000;
const IDENTITY = /^(S-1-5-21(?:-\d{1,10}){4})\.(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)Z$/;

/**
 * @param deviceId objectGUID of the computer
 * @throws TenantError `hybrid-identity-invalid`, `device-not-announced`, `device-registered`,
 *   `certificate-request-invalid`, `transport-key-invalid`, `tenant-unknown`
 */
export async function joinHybrid(
  tenant: Tenant,
  { correlationId, source }: Visitor,
  deviceId: string,
  request: HybridJoinRequest,
): Promise<JoinAnswer> {
  let computer: SyncedComputerRow | undefined;
  const line = (what: Pick<AuditEvent, 'event' | 'outcome' | 'reason'>): AuditEvent => ({
    ...what,
    correlationId,
    actor: computer === undefined ? 'unknown' : `computer:${computer.sid}`,
    subject: `device:${deviceId}`,
  });
  try {
    const data = request.ServerAdJoinData;
    if (data.TargetDomainId !== tenant.config.tenantId) {
      throw new TenantError(
        'tenant-unknown',
        'TargetDomainId is not the id of this tenant. Correct the service connection point.',
      );
    }
    computer = await identified(tenant, deviceId, data.ClientIdentity);
    const publicKey = await deviceKeyOf(request.CertificateRequest.Data);
    checkTransportKey(data.TransportKey);
    const there = await deviceById(tenant.store, deviceId);
    if (there !== undefined && !hasKeys(there, publicKey, data.TransportKey)) throw registered();
    await spendIdentity(tenant, data.ClientIdentity.SignedBlob);
    if (there !== undefined) {
      await checkEnabled(tenant, there);
      await tenant.audit.record(line({ event: 'device.rejoined', outcome: 'allowed' }));
      return joinAnswer(Buffer.from(there.certificate, 'base64url'), '', []);
    }
    const now = tenant.now();
    const { deviceCa: ca } = tenant.keys;
    const { tenantId } = tenant.config;
    const certificate = await issueDeviceCertificate({ ca, publicKey, deviceId, tenantId, joinType: 6, now });
    const row: DeviceRow = {
      id: deviceId,
      display_name: data.DeviceDisplayName,
      join_type: 6,
      operating_system: data.DeviceType,
      os_version: data.OSVersion,
      enabled: 1,
      certificate_sha256: sha256Hex(certificate),
      certificate: Buffer.from(certificate).toString('base64url'),
      transport_key: data.TransportKey,
      registered_by: `computer:${computer.sid}`,
      registered_on: iso(now),
      last_seen_on: null,
    };
    await insertOnce(tenant, row);
    await tenant.audit.record(line({ event: 'device.joined', outcome: 'allowed' }));
    return joinAnswer(certificate, '', []); // the directory says who administers its computers
  } catch (error) {
    if (error instanceof TenantError) {
      const refused = line({ event: 'device.join-refused', outcome: 'denied', reason: error.code });
      await (computer === undefined
        ? tenant.strangers.refused(source, refused)
        : tenant.audit.record(refused));
    }
    throw error;
  }
}

/** The computer that signed; one answer for every stranger. */
async function identified(
  tenant: Tenant,
  deviceId: string,
  { Sid: text, SignedBlob }: HybridJoinRequest['ServerAdJoinData']['ClientIdentity'],
): Promise<SyncedComputerRow> {
  const [, sid, date, time] = IDENTITY.exec(text) ?? [];
  const age = tenant.now().getTime() - Date.parse(`${date}T${time}Z`);
  if (sid === undefined || !(Math.abs(age) <= FRESH_MS)) {
    throw new TenantError(
      'hybrid-identity-invalid',
      'The identity of the computer is malformed, or its time is more than five minutes off. Set the clock of the computer and try again.',
      { age },
    );
  }
  const computer = await syncedComputer(tenant.store, deviceId);
  const known = computer !== undefined && computer.enabled === 1 && computer.sid === sid;
  if (!known || !isSignedBy(computer, Buffer.from(text), SignedBlob)) {
    throw new TenantError(
      'device-not-announced',
      'No enabled computer of a synced domain has this objectGUID, SID and certificate. Wait for the next sync, then try again.',
    );
  }
  return computer;
}

/** RSASSA-PKCS1-v1_5 with SHA-256, by a key that the computer wrote to its own userCertificate. */
function isSignedBy(computer: SyncedComputerRow, text: Buffer, blob: string): boolean {
  const signature = base64(blob);
  if (signature === undefined) return false;
  const certificates: string[] = JSON.parse(computer.certificates); // written at the sync
  return certificates.some((der) => {
    try {
      const certificate = new X509Certificate(Buffer.from(der, 'base64'));
      const { publicKey: key, subject } = certificate;
      const strong =
        key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
      if (!strong || subject.toLowerCase() !== `cn=${computer.anchor}`) return false;
      return verify('sha256', text, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    } catch {
      return false; // what else a computer may have there
    }
  });
}

function base64(text: string): Uint8Array | undefined {
  try {
    return decodeBase64(text, 1024);
  } catch (error) {
    if (error instanceof PrtError) return undefined;
    throw error;
  }
}

/** A signed identity is good once. */
async function spendIdentity(tenant: Tenant, blob: string): Promise<void> {
  const nonce_hash = sha256(base64(blob) ?? '');
  const expires_on = iso(new Date(tenant.now().getTime() + 2 * FRESH_MS));
  if (!(await insertSpent(tenant.store, [{ nonce_hash, use: 'hybrid-join', expires_on }]))) {
    throw new TenantError(
      'hybrid-identity-invalid',
      'This identity of the computer was used before. Sign a new one.',
    );
  }
}

function hasKeys(device: DeviceRow, publicKey: KeyObject, transportKey: string): boolean {
  const certificate = new X509Certificate(Buffer.from(device.certificate, 'base64url'));
  return certificate.publicKey.equals(publicKey) && device.transport_key === transportKey;
}

async function insertOnce(tenant: Tenant, row: DeviceRow): Promise<void> {
  try {
    await insertDevice(tenant.store, row);
  } catch (error) {
    if (isUniqueViolation(error)) throw registered();
    throw error;
  }
}

const registered = () =>
  new TenantError(
    'device-registered',
    'This computer is registered already. To give it new keys, have an administrator delete it first (`kennel device delete`).',
  );
