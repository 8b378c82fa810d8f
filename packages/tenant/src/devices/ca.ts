/**
 * The device CA: shown, renewed, or brought by the administrator. Changed on the tenant's own machine while it is stopped, since
 * the tenant opens its keys once at the start; a private key never travels.
 */
import { createPrivateKey, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { loadMasterKey, type MasterKey, masterKeyFile } from '@kennel/secrets';
import { AuditTrail } from '../audit/trail.ts';
import { readConfig } from '../config/files.ts';
import { statePaths } from '../config/paths.ts';
import type { TenantConfig } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import { storePlace } from '../init.ts';
import { lockInstance } from '../server/instance-lock.ts';
import { migrateStore, openStore, type Store } from '../store/open.ts';
import { loadTenantKeys, replaceDeviceCa, type TenantKeys } from '../tenant-keys/rules.ts';
import { later } from '../time.ts';
import { createDeviceCa, maySignCertificates } from './certificate.ts';
import type { DeviceCa } from './schema.ts';

const SHORTEST_DAYS = 30;

interface Place {
  stateDir: string;
  now?: () => Date;
}

/** The current one first. @throws TenantError `tenant-already-running`, `store-unreachable`, `store-not-initialised` */
export function listDeviceCas(place: Place): Promise<DeviceCa[]> {
  return stopped(place, ({ store, master }) => shown(store, master));
}

/**
 * A new CA takes the place of the current one, which is remembered: no device has to join again.
 *
 * @param brought a CA of the administrator's own, in PEM; without it one is made
 * @param distrust forgets those before: every device has to join again
 * @throws TenantError `device-ca-invalid`, and those of {@link listDeviceCas}
 */
export function changeDeviceCa(
  given: Place & { brought?: { certificate: string; privateKey: string }; distrust: boolean },
): Promise<DeviceCa[]> {
  return stopped(given, async ({ store, master, config, now }) => {
    const { brought, distrust } = given;
    const made =
      brought === undefined
        ? await createDeviceCa(config.tenantId, now)
        : checked(brought.certificate, brought.privateKey, now);
    await replaceDeviceCa(store, master, made, { now, distrust });
    const cas = await shown(store, master);
    const how = brought === undefined ? 'made' : 'brought';
    await new AuditTrail(store, () => now).record({
      event: 'device-ca.changed',
      actor: 'state-directory',
      subject: `device-ca:${cas[0]?.fingerprint} ${how}${distrust ? ', those before distrusted' : ''}`,
      outcome: 'allowed',
      correlationId: randomUUID(),
    });
    return cas;
  });
}

interface Opened {
  store: Store;
  master: MasterKey;
  config: TenantConfig;
  now: Date;
}

async function stopped<T>(
  { stateDir, now = () => new Date() }: Place,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const config = readConfig(stateDir);
  const unlock = lockInstance(statePaths(stateDir).lock);
  try {
    const store = openStore(storePlace(stateDir, config));
    try {
      await migrateStore(store);
      return await work({ store, master: loadMasterKey(masterKeyFile(stateDir)), config, now: now() });
    } finally {
      await store.destroy();
    }
  } finally {
    unlock();
  }
}

const shown = async (store: Store, master: MasterKey) => deviceCasOf(await loadTenantKeys(store, master));

/** The current one first. */
export function deviceCasOf({ deviceCa }: Pick<TenantKeys, 'deviceCa'>): DeviceCa[] {
  return [deviceCa.certificate, ...deviceCa.retired].map((ca, at) => ({
    subject: ca.subject.replaceAll('\n', ', '),
    fingerprint: ca.fingerprint256,
    notAfter: ca.validToDate.toISOString(),
    current: at === 0,
  }));
}

/** What can issue device certificates that every check here accepts. */
function checked(pem: string, keyPem: string, now: Date): { certificate: string; privateKey: KeyObject } {
  const invalid = (what: string) =>
    new TenantError(
      'device-ca-invalid',
      `This cannot be the device CA: ${what}. Bring a CA certificate with an RSA key of 2048 bits or more, both in PEM.`,
    );
  const { certificate, privateKey } = read(pem, keyPem, invalid);
  const { modulusLength = 0 } = privateKey.asymmetricKeyDetails ?? {};
  if (privateKey.asymmetricKeyType !== 'rsa' || modulusLength < 2048)
    throw invalid('its key is not of that kind');
  if (!certificate.checkPrivateKey(privateKey))
    throw invalid('the private key is that of another certificate');
  if (!certificate.ca) throw invalid('its certificate is not of a CA');
  if (!maySignCertificates(certificate.raw)) throw invalid('it may not sign certificates');
  if (certificate.validFromDate > now || certificate.validToDate < later(now, SHORTEST_DAYS * 86_400)) {
    throw invalid(`it is not valid yet, or for less than ${SHORTEST_DAYS} days`);
  }
  return { certificate: certificate.toString(), privateKey };
}

function read(pem: string, keyPem: string, invalid: (what: string) => TenantError) {
  try {
    return { certificate: new X509Certificate(pem), privateKey: createPrivateKey(keyPem) };
  } catch {
    throw invalid('certificate or key cannot be read, or the key is under a password');
  }
}
