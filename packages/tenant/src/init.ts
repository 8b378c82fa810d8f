/** Making a tenant: configuration, master key, TLS, the store and the keys in it. Doing it again changes nothing. */
import { existsSync } from 'node:fs';
import { createMasterKey, loadMasterKey, type MasterKey, masterKeyFile } from '@kennel/secrets';
import { ensureConfig, ensureStateDir } from './config/files.ts';
import { statePaths } from './config/paths.ts';
import type { InitOptions, TenantConfig } from './config/schema.ts';
import { caCertificateFile, ensureTlsCa } from './config/tls.ts';
import { checkStoreIdentity, recordStoreIdentity } from './store/identity.ts';
import { migrateStore, openStore } from './store/open.ts';
import { ensureTenantKeys } from './tenant-keys/rules.ts';

export interface InitialisedTenant {
  config: TenantConfig;
  /** The CA that clients trust, a PEM file; undefined with certificates of the administrator's own. */
  caFile: string | undefined;
}

/**
 * Makes a tenant in `stateDir`.
 *
 * @throws TenantError `config-invalid`, `config-exists`, `store-unreachable`, `rp-id-changed`; SecretsError
 */
export async function initTenant(
  options: InitOptions & { stateDir: string; now?: () => Date },
): Promise<InitialisedTenant> {
  const { stateDir, now = () => new Date(), ...given } = options;
  ensureStateDir(stateDir);
  const config = ensureConfig(stateDir, given);
  const keyFile = masterKeyFile(stateDir);
  const store = openStore(storePlace(stateDir, config));
  try {
    await migrateStore(store);
    const known = await checkStoreIdentity(store, config);
    // A store that is in use was sealed under a key that exists: another one in its place would open nothing.
    const master: MasterKey =
      known || existsSync(keyFile) ? loadMasterKey(keyFile) : createMasterKey(keyFile);
    await ensureTlsCa(stateDir, config, master, now());
    await ensureTenantKeys(store, master, config.tenantId, now());
    await recordStoreIdentity(store, config);
  } finally {
    await store.destroy();
  }
  return { config, caFile: caCertificateFile(stateDir, config) };
}

/** The store's place, a SQLite file being relative to the state directory. */
export function storePlace(stateDir: string, { store }: TenantConfig): TenantConfig['store'] {
  return 'sqlite' in store ? { sqlite: statePaths(stateDir).inside(store.sqlite) } : store;
}
