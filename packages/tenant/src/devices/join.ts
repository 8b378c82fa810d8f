/**
 * Joining ([MS-DVRJ] 3.1.5.1): a user's token, a certificate request and a transport key give a device and its
 * certificate. A device that joins again gets a new certificate, and the old one is worth nothing from then on.
 */
import { type KeyObject, randomUUID } from 'node:crypto';
import { decodeBase64, encodeBase64, JOIN_TYPES, PrtError, parseTransportKey } from '@kennel/prt';
import { TenantError } from '../errors.ts';
import type { DeviceRow, UserRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import type { Registrant } from '../tokens/rules.ts';
import { guidBytes, issueDeviceCertificate, keyOfCertificateRequest } from './certificate.ts';
import { checkEnabled } from './current-device.ts';
import { sha1Hex, sha256Hex } from './fingerprint.ts';
import { checkMayJoin, deviceRulesOf } from './policy.ts';
import { countDevicesOf, deviceById, insertDeviceWithin, replaceDeviceKeys } from './queries.ts';
import type { JoinAnswer, JoinRequest } from './schema.ts';

const CSR_BYTES = 8192;
const LOCAL_ADMINISTRATORS = 'S-1-5-32-544';

/**
 * @throws TenantError `join-not-allowed`, `join-requires-key`, `join-type-unsupported`, `certificate-request-invalid`, `transport-key-invalid`,
 *   `device-limit-reached`, and for a re-join `device-unknown` and `device-disabled`
 */
export async function joinDevice(
  tenant: Tenant,
  by: Pick<Caller, 'correlationId'>,
  { user, withKey }: Registrant,
  request: JoinRequest,
): Promise<JoinAnswer> {
  const audited = { ...by, actor: `user:${user.id}` };
  try {
    const rules = await deviceRulesOf(tenant);
    await checkMayJoin(tenant, rules, user.id, withKey);
    const { row, certificate, again } = await join(tenant, user, request, rules.devicesPerUser);
    await tenant.audit.record({
      ...audited,
      event: again ? 'device.rejoined' : 'device.joined',
      subject: `device:${row.id}`,
      outcome: 'allowed',
    });
    const administrators = request.JoinType === JOIN_TYPES.register ? [] : [guidSid(user.id)];
    return joinAnswer(certificate, user.user_principal_name, administrators);
  } catch (error) {
    if (error instanceof TenantError) {
      const subject = `device:${request.Attributes.DeviceId ?? 'new'}`;
      await tenant.audit.record({
        ...audited,
        event: 'device.join-refused',
        subject,
        outcome: 'denied',
        reason: error.code,
      });
    }
    throw error;
  }
}

/** The answer to every kind of join. @param administrators SIDs for the machine's own Administrators group */
export function joinAnswer(
  certificate: Uint8Array,
  upn: string,
  administrators: readonly string[],
): JoinAnswer {
  return {
    Certificate: { Thumbprint: sha1Hex(certificate), RawBody: encodeBase64(certificate) },
    User: { Upn: upn },
    MembershipChanges: [{ LocalSID: LOCAL_ADMINISTRATORS, AddSIDs: [...administrators] }],
  };
}

async function join(
  tenant: Tenant,
  user: UserRow,
  request: JoinRequest,
  most: number,
): Promise<{ row: DeviceRow; certificate: Uint8Array; again: boolean }> {
  checkJoinType(request.JoinType);
  const publicKey = await deviceKeyOf(request.CertificateRequest.Data);
  checkTransportKey(request.TransportKey);
  const before = await rejoining(tenant, user, request);
  // Before anything is signed; whether it still holds is decided where the device is added.
  if (before === undefined && (await countDevicesOf(tenant.store, user.id)) >= most) throw limitReached(most);
  const now = tenant.now();
  const deviceId = before?.id ?? randomUUID();
  const certificate = await issueDeviceCertificate({
    ca: tenant.keys.deviceCa,
    publicKey,
    deviceId,
    userId: user.id,
    tenantId: tenant.config.tenantId,
    joinType: request.JoinType,
    now,
  });
  const row: DeviceRow = {
    id: deviceId,
    display_name: request.DeviceDisplayName,
    join_type: request.JoinType,
    operating_system: request.DeviceType,
    os_version: request.OSVersion,
    enabled: 1,
    certificate_sha256: sha256Hex(certificate),
    certificate: Buffer.from(certificate).toString('base64url'),
    transport_key: request.TransportKey,
    registered_by: user.id,
    registered_on: iso(now),
    last_seen_on: before?.last_seen_on ?? null,
  };
  if (before === undefined) {
    if (!(await insertDeviceWithin(tenant.store, row, most))) throw limitReached(most);
  } else if (!(await replaceDeviceKeys(tenant.store, row, before.certificate_sha256))) {
    throw new TenantError(
      'device-disabled',
      'This device was disabled or joined again at the same moment. Look at its state, then join again.',
    );
  }
  return { row, certificate, again: before !== undefined };
}

const limitReached = (most: number) =>
  new TenantError(
    'device-limit-reached',
    `You have registered ${most} ${most === 1 ? 'device' : 'devices'}, and may have no more. Have your administrator delete those that you no longer use.`,
  );

function checkJoinType(joinType: number): void {
  if (joinType === JOIN_TYPES.hybridJoin) {
    throw new TenantError(
      'join-type-unsupported',
      'Hybrid join (6) does not go this way: the device is announced by the sync of its domain. Join with type 0, or register with type 4.',
    );
  }
  const known: readonly number[] = [JOIN_TYPES.join, JOIN_TYPES.register, JOIN_TYPES.sharedJoin];
  if (!known.includes(joinType)) {
    throw new TenantError(
      'join-type-unsupported',
      `Join type ${joinType} is not known. Join with type 0, or register with type 4.`,
    );
  }
}

/** The key of a certificate request. @throws TenantError `certificate-request-invalid` */
export async function deviceKeyOf(csr: string): Promise<KeyObject> {
  const publicKey = await keyOfCertificateRequest(csrBytes(csr));
  if (publicKey !== undefined) return publicKey;
  throw new TenantError(
    'certificate-request-invalid',
    'The certificate request must be PKCS #10 with an RSA key of 2048 bits, signed with SHA-256. Make a new key and join again.',
  );
}

function csrBytes(text: string): Uint8Array {
  try {
    return decodeBase64(text, CSR_BYTES);
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError(
      'certificate-request-invalid',
      'The certificate request is not base64 or too long. Make a new one and join again.',
    );
  }
}

/** @throws TenantError `transport-key-invalid` */
export function checkTransportKey(text: string): void {
  try {
    parseTransportKey(text);
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError('transport-key-invalid', error.message, { cause: error.code });
  }
}

/** The device that joins again: named by its id, registered by the same user, not disabled. */
async function rejoining(
  tenant: Tenant,
  user: UserRow,
  { Attributes }: JoinRequest,
): Promise<DeviceRow | undefined> {
  if (Attributes.ReuseDevice?.toLowerCase() !== 'true' || Attributes.DeviceId === undefined) return undefined;
  const device = await deviceById(tenant.store, Attributes.DeviceId);
  if (device?.registered_by !== user.id) {
    throw new TenantError(
      'device-unknown',
      'You have no device with this id. Join without DeviceId to register it as a new one.',
    );
  }
  await checkEnabled(tenant, device);
  return device;
}

/** The SID that Windows gives to an object of the directory: its GUID as four little-endian numbers. */
function guidSid(guid: string): string {
  const bytes = guidBytes(guid);
  return `S-1-12-1-${[0, 4, 8, 12].map((at) => bytes.readUInt32LE(at)).join('-')}`;
}
