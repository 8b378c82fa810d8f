/** A tenant without its listeners, over a store of one's own: for what is measured, or asked of the rules alone. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import pino from 'pino';
import { Strangers } from '../src/audit/strangers.ts';
import { AuditTrail } from '../src/audit/trail.ts';
import { CeremonyLog } from '../src/ceremonies/log.ts';
import type { TenantConfig } from '../src/config/schema.ts';
import { Metadata } from '../src/metadata/service.ts';
import { migrateStore, openStore } from '../src/store/open.ts';
import type { Tenant } from '../src/tenant.ts';
import { ensureTenantKeys, loadTenantKeys } from '../src/tenant-keys/rules.ts';

export async function openTenant(where: TenantConfig['store']): Promise<Tenant> {
  const store = openStore(where);
  await migrateStore(store);
  const now = () => new Date();
  const log = pino({ level: 'silent' });
  const tenantId = randomUUID();
  const master = { id: '0011223344556677', key: createSecretKey(randomBytes(32)) };
  await ensureTenantKeys(store, master, tenantId, now());
  const audit = new AuditTrail(store, now);
  const config: TenantConfig = {
    tenantId,
    tenantName: 'Example Ltd',
    hostName: 'localhost',
    listen: { address: '127.0.0.1', port: 443 },
    rpId: 'localhost',
    origins: ['https://localhost'],
    tls: 'selfSigned',
    store: where,
    lab: false,
    clients: [],
  };
  return {
    config,
    publicUrl: 'https://localhost',
    registrationUrl: 'https://localhost',
    store,
    master,
    keys: await loadTenantKeys(store, master),
    audit,
    strangers: new Strangers(audit, now),
    ceremonies: new CeremonyLog({ store, rpId: 'localhost', log, now }),
    metadata: new Metadata({ config: undefined, inside: (path) => path, store, audit, log, now }),
    log,
    now,
  };
}
