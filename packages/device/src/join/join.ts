/**
 * Joining ([MS-DVRJ] 3.1.5.1): discovery, a registration token for an assertion of the user's security key, then
 * a certificate request and a transport key for a device certificate. Joining again renews both keys; the old
 * certificate is worth nothing from then on, and what hung on it is signed out.
 */
import { hostname, release } from 'node:os';
import { resolve } from 'node:path';
import { assertionChallenge, encodeBase64, encodeTransportKey, JOIN_TYPES } from '@kennel/prt';
import type { SecurityKey } from '@kennel/security-key';
import { assertion } from '../assertion.ts';
import { DeviceError, plainText } from '../errors/device-error.ts';
import type { DeviceKeys } from '../keys/device-keys.ts';
import { type KeyStore, newDeviceKeys } from '../keys/store.ts';
import { removeAllCaches } from '../offline/cache.ts';
import { type DeviceRecord, findDevice, writeDevice } from '../state/device.ts';
import { ensureStateDir } from '../state/files.ts';
import { ensureMachineKey } from '../state/seal.ts';
import { listUsers, removeUser } from '../state/user.ts';
import { type DeviceStatus, readStatus } from '../status.ts';
import { type OnStep, type Stepper, stepper } from '../step.ts';
import { checkSite, tenantOrigin } from '../tenant/address.ts';
import { type TenantClient, tenantClient } from '../tenant/client.ts';
import { certificateRequest, deviceIdOf } from './certificate.ts';

/** Hybrid join goes another way: the device is announced by its domain. */
export type JoinType = Exclude<keyof typeof JOIN_TYPES, 'hybridJoin'>;

export interface JoinOptions {
  stateDir: string;
  /** Its https address; a path behind it is left out. */
  tenantUrl: string;
  /** PEM file of the authority that the tenant's TLS certificate is from; the system's roots unless given. */
  caFile?: string;
  key: SecurityKey;
  pin: string;
  /** The machine's host name unless given. */
  displayName?: string;
  joinType?: JoinType;
  /** `auto` unless given: the TPM where there is one. */
  keyStore?: KeyStore;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

/**
 * Joins this machine to a tenant, or joins it again.
 *
 * @throws DeviceError; nothing of the state is changed then
 */
export async function joinDevice(options: JoinOptions): Promise<DeviceStatus> {
  const { stateDir, key, pin, now = () => new Date() } = options;
  const url = tenantOrigin(options.tenantUrl);
  ensureStateDir(stateDir);
  const before = findDevice(stateDir);
  const users = listUsers(stateDir);
  const caFile = options.caFile === undefined ? undefined : resolve(options.caFile);
  const tenant = tenantClient(caFile);
  const step = stepper(options.onStep);

  const site = await step(
    'discovery',
    () => discover(tenant, url),
    (found) => `${url} is the tenant ${found.name}.`,
  );
  if (before !== undefined && before.tenant.id !== site.id) {
    throw new DeviceError('joined-elsewhere', { about: `${before.tenant.name}, ${before.tenant.url}` });
  }
  const token = await registrationToken(tenant, step, { key, pin, url, ...site });
  const keys = await step(
    'device-keys',
    () => newDeviceKeys(options.keyStore ?? 'auto', () => ensureMachineKey(stateDir)),
    () => 'A device key and a transport key were made; they stay on this machine.',
  );
  const displayName = options.displayName ?? hostname();
  const joinType = JOIN_TYPES[options.joinType ?? 'join'];
  const registered = await step(
    'registration',
    async () => {
      const body = await registrationRequest(keys, { displayName, joinType, before });
      const answer = await tenant.register(site.registrationEndpoint, token, body);
      const certificate = Buffer.from(answer.Certificate.RawBody, 'base64');
      const id = deviceIdOf(certificate, answer.Certificate.Thumbprint, keys.device.publicKey);
      return { id, certificate, upn: plainText(answer.User.Upn) };
    },
    ({ id }) => `The tenant knows this machine as device ${id} and gave it a certificate.`,
  );

  writeDevice(stateDir, {
    tenant: {
      url,
      ...(caFile !== undefined && { caFile }),
      id: site.id,
      name: site.name,
      rpId: site.rpId,
      tokenEndpoint: site.tokenEndpoint,
      registrationEndpoint: site.registrationEndpoint,
    },
    device: {
      id: registered.id,
      displayName,
      joinType,
      certificate: encodeBase64(registered.certificate),
      joinedBy: registered.upn,
      joinedOn: now().toISOString(),
    },
    keys: keys.stored(registered.id),
    kdcs: before?.kdcs ?? {},
  });
  // Their tokens hung on the old keys; the ticket caches go on until they end.
  for (const { user } of users) removeUser(stateDir, user.upn);
  removeAllCaches(stateDir);
  return readStatus(stateDir, now);
}

/** What the tenant says of itself. @throws DeviceError where it speaks for another site */
export async function discover(tenant: TenantClient, url: string) {
  const found = await tenant.discover(url);
  const site = {
    id: found.TenantInfo.TenantId,
    name: plainText(found.TenantInfo.DisplayName),
    rpId: found.WebAuthNService.RpId,
    tokenEndpoint: found.AuthenticationService.OAuth2.TokenEndpoint,
    registrationEndpoint: found.DeviceRegistrationService.RegistrationEndpoint,
  };
  const endpoints = [site.tokenEndpoint, site.registrationEndpoint];
  checkSite(url, { rpId: site.rpId, origins: found.WebAuthNService.Origins, endpoints });
  return site;
}

/** What a person must prove before a machine may join. */
async function registrationToken(
  tenant: TenantClient,
  step: Stepper,
  by: { key: SecurityKey; pin: string; url: string; rpId: string; tokenEndpoint: string },
): Promise<string> {
  const { key, pin, url, rpId, tokenEndpoint } = by;
  const nonce = await step(
    'nonce',
    () => tenant.nonce(tokenEndpoint),
    () => 'The tenant gave a nonce.',
  );
  const made = await step(
    'assertion',
    () => assertion(key, pin, { rpId, origin: url }, assertionChallenge({ purpose: 'registration', nonce })),
    () => 'The security key signed it, for registration and nothing else.',
  );
  return step(
    'registration-token',
    () => tenant.registrationToken(tokenEndpoint, nonce, made),
    () => 'The tenant gave a token for device registration.',
  );
}

async function registrationRequest(
  keys: DeviceKeys,
  as: { displayName: string; joinType: number; before: DeviceRecord | undefined },
): Promise<object> {
  const { displayName, joinType, before } = as;
  return {
    CertificateRequest: { Type: 'pkcs10', Data: encodeBase64(await certificateRequest(keys.device)) },
    TransportKey: encodeTransportKey(keys.transport.publicKey),
    TargetDomain: '',
    DeviceDisplayName: displayName,
    ...systemFields(),
    JoinType: joinType,
    Attributes: before === undefined ? {} : { ReuseDevice: 'true', DeviceId: before.device.id },
  };
}

/** What every kind of join says of this machine. */
export function systemFields(): { DeviceType: string; OSVersion: string } {
  const systems: Partial<Record<NodeJS.Platform, string>> = { win32: 'Windows', darwin: 'MacOS' };
  return { DeviceType: systems[process.platform] ?? 'Linux', OSVersion: release() };
}
