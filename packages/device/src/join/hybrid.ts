/**
 * Hybrid join: a computer of an AD domain becomes a device of the tenant that the domain names, with nobody at it. It
 * writes a certificate to its own object in the directory; the sync of the domain announces it to the tenant; then
 * the computer signs for itself. The keys are stored before anyone hears of them, so that it can be interrupted
 * anywhere and run again.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Computer, DomainSession } from '@kennel/active-directory/hybrid';
import { encodeBase64, encodeTransportKey, JOIN_TYPES } from '@kennel/prt';
import { DeviceError } from '../errors/device-error.ts';
import type { DeviceKeys } from '../keys/device-keys.ts';
import { type KeyStore, newDeviceKeys, openDeviceKeys } from '../keys/store.ts';
import { findDevice, writeDevice } from '../state/device.ts';
import { ensureStateDir } from '../state/files.ts';
import { findPending, type PendingJoin, removePending, writePending } from '../state/pending.ts';
import { ensureMachineKey } from '../state/seal.ts';
import { type DeviceStatus, readStatus } from '../status.ts';
import { type OnStep, stepper } from '../step.ts';
import { tenantOrigin } from '../tenant/address.ts';
import { type TenantClient, tenantClient } from '../tenant/client.ts';
import { certificateRequest, computerCertificate, deviceIdOf } from './certificate.ts';
import { discover, systemFields } from './join.ts';
import { membershipFiles, readMachineKeys } from './membership.ts';

export interface HybridJoinOptions {
  stateDir: string;
  /** The machine's keys; MIT's default keytab unless given. */
  keytab?: string;
  /** In place of the address that the domain names. */
  tenantUrl?: string;
  /** PEM file of the authority that the tenant's TLS certificate is from; the system's roots unless given. */
  caFile?: string;
  /** How the domain is reached: DNS servers, or domain controllers, in place of the system's DNS. */
  dnsServers?: readonly string[];
  controllers?: readonly { host: string }[];
  /** Milliseconds to wait for the sync to announce this computer; none unless given. */
  waitMs?: number;
  /** The machine's host name unless given. */
  displayName?: string;
  /** `auto` unless given: the TPM where there is one. */
  keyStore?: KeyStore;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

/** Between two looks whether the sync has come, in milliseconds. */
const LOOK_AGAIN = 5_000;

/**
 * Joins this computer, or goes on with a join that was interrupted. One that is joined already is left as it is.
 *
 * @throws DeviceError `device-not-announced` (come again after the next sync), `not-domain-member`,
 *   `hybrid-not-configured`, `hybrid-tenant-other`, `joined-otherwise`, and those of the way to the tenant;
 *   ActiveDirectoryError and KerberosError of the way to the domain
 */
export async function joinHybrid(options: HybridJoinOptions): Promise<DeviceStatus> {
  const { stateDir, now = () => new Date() } = options;
  ensureStateDir(stateDir);
  const before = findDevice(stateDir);
  if (before !== undefined) {
    if (before.device.joinType === JOIN_TYPES.hybridJoin) return readStatus(stateDir, now);
    throw new DeviceError('joined-otherwise', { about: `${before.tenant.name}, ${before.tenant.url}` });
  }
  const step = stepper(options.onStep);
  const caFile = options.caFile === undefined ? undefined : resolve(options.caFile);
  const tenant = tenantClient(caFile);
  const machine = readMachineKeys(options.keytab ?? membershipFiles().keytab);
  const { openMachineSession, readComputer, readHybridTenant, writeComputerCertificate } = await import(
    '@kennel/active-directory/hybrid'
  );

  const session = await step(
    'domain',
    () =>
      openMachineSession({
        domain: machine.realm.toLowerCase(),
        account: machine.account,
        keytab: machine.entries,
        ...(options.dnsServers && { dnsServers: options.dnsServers }),
        ...(options.controllers && { controllers: options.controllers }),
      }),
    ({ dc }) => `Signed in to ${dc.domainName} as ${machine.account}, at ${dc.hostName}.`,
  );
  try {
    const named = await readHybridTenant(session.directory);
    if (named === undefined) throw new DeviceError('hybrid-not-configured', { about: session.dc.forestName });
    const address = options.tenantUrl ?? named.url;
    if (address === undefined)
      throw new DeviceError('hybrid-not-configured', { about: `no address of ${named.name}` });
    const url = tenantOrigin(address);
    const site = await step(
      'discovery',
      () => discover(tenant, url),
      (found) => `${url} is the tenant ${found.name}, which the domain names.`,
    );
    if (site.id !== named.tenantId.toLowerCase())
      throw new DeviceError('hybrid-tenant-other', { about: `${site.id} in place of ${named.tenantId}` });

    const computer = await readComputer(session.directory, machine.account);
    const { pending, keys } = await begin(options, { computer, tenantId: site.id, now });
    await step(
      'computer-certificate',
      () => writeComputerCertificate(session.directory, computer, Buffer.from(pending.certificate, 'base64')),
      (written) =>
        written
          ? `Wrote a certificate to ${computer.dn}; the next sync takes it to the tenant.`
          : `The certificate is at ${computer.dn} already.`,
    );
    const certificate = await step(
      'registration',
      () => register(tenant, { options, keys, computer, session, site, now }),
      () => `The tenant knows this computer as device ${computer.guid} and gave it a certificate.`,
    );
    writeDevice(stateDir, {
      tenant: {
        url,
        ...(caFile !== undefined && { caFile }),
        ...{ id: site.id, name: site.name, rpId: site.rpId },
        ...{ tokenEndpoint: site.tokenEndpoint, registrationEndpoint: site.registrationEndpoint },
      },
      device: {
        id: computer.guid,
        displayName: displayNameOf(options),
        joinType: JOIN_TYPES.hybridJoin,
        certificate: encodeBase64(certificate),
        joinedBy: `${machine.account}@${machine.realm}`,
        joinedOn: now().toISOString(),
        domain: { dnsName: session.dc.domainName.toLowerCase(), netbiosName: session.dc.netbiosDomainName },
      },
      keys: pending.keys,
      kdcs: {},
    });
    removePending(stateDir);
    return readStatus(stateDir, now);
  } finally {
    await session.close();
  }
}

const displayNameOf = ({ displayName }: HybridJoinOptions) => displayName ?? hostname();

/** The keys of a join that was interrupted, or new ones, stored. */
async function begin(
  { stateDir, keyStore = 'auto' }: HybridJoinOptions,
  by: { computer: Computer; tenantId: string; now: () => Date },
): Promise<{ pending: PendingJoin; keys: DeviceKeys }> {
  const { computer, tenantId, now } = by;
  const found = findPending(stateDir);
  if (found?.deviceId === computer.guid && found.tenantId === tenantId)
    return {
      pending: found,
      keys: openDeviceKeys(() => ensureMachineKey(stateDir), found.deviceId, found.keys),
    };
  const keys = await newDeviceKeys(keyStore, () => ensureMachineKey(stateDir));
  const pending = {
    deviceId: computer.guid,
    tenantId,
    certificate: encodeBase64(await computerCertificate(keys.device, computer.guid, now())),
    begunOn: now().toISOString(),
    keys: keys.stored(computer.guid),
  };
  writePending(stateDir, pending);
  return { pending, keys };
}

interface Registering {
  options: HybridJoinOptions;
  keys: DeviceKeys;
  computer: Computer;
  session: Pick<DomainSession, 'dc'>;
  site: { id: string; registrationEndpoint: string };
  now: () => Date;
}

/** Asks until the sync has come, for as long as was said. @returns the device certificate, DER */
async function register(tenant: TenantClient, by: Registering): Promise<Uint8Array> {
  const until = Date.now() + (by.options.waitMs ?? 0);
  for (;;) {
    try {
      return await ask(tenant, by);
    } catch (error) {
      const announced = !(error instanceof DeviceError) || error.code !== 'device-not-announced';
      const left = until - Date.now();
      if (announced || left <= 0) throw error;
      await wait(Math.min(LOOK_AGAIN, left));
    }
  }
}

async function ask(tenant: TenantClient, { options, keys, computer, session, site, now }: Registering) {
  const { dc } = session;
  const answer = await tenant.registerComputer(site.registrationEndpoint, computer.guid, {
    CertificateRequest: { Type: 'pkcs10', Data: encodeBase64(await certificateRequest(keys.device)) },
    JoinType: JOIN_TYPES.hybridJoin,
    attributes: {},
    ServerAdJoinData: {
      TransportKey: encodeTransportKey(keys.transport.publicKey),
      TargetDomain: dc.domainName,
      ...systemFields(),
      DeviceDisplayName: displayNameOf(options),
      TargetDomainId: site.id,
      SourceDomainController: dc.hostName,
      ClientIdentity: await identity(keys, computer, now()),
    },
  });
  const certificate = Buffer.from(answer.Certificate.RawBody, 'base64');
  const id = deviceIdOf(certificate, answer.Certificate.Thumbprint, keys.device.publicKey);
  if (id !== computer.guid)
    throw new DeviceError('tenant-answer-malformed', { about: 'the certificate is of another device' });
  return certificate;
}

/** Who asks and when, signed by the key of the certificate at the computer's object; good once. */
async function identity({ device }: DeviceKeys, { sid }: Computer, now: Date) {
  const time = now.toISOString().slice(0, 19).replace('T', ' ');
  const Sid = `${sid}.${time}Z`;
  return { Type: 'sha256signed', Sid, SignedBlob: encodeBase64(await device.sign(Buffer.from(Sid))) };
}
