/** A tenant for a test: made in a temporary folder, served over TLS on loopback, with a domain's key published. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kerberosServerKey, publicationOf } from '@kennel/active-directory';
import { type AdminClient, adminClient, initTenant, serveTenant } from '@kennel/tenant';

export interface LabTenant {
  /** Folder of the test; the tenant's state is in `tenant` below it. */
  home: string;
  url: string;
  ca: string;
  admin: AdminClient;
  close(): Promise<void>;
}

export interface LabTenantOptions {
  now?: () => Date;
  store?: { postgresql: string };
}

export async function startLabTenant(options: LabTenantOptions = {}): Promise<LabTenant> {
  const home = mkdtempSync(join(tmpdir(), 'kennel-test-'));
  const stateDir = join(home, 'tenant');
  const { now, store } = options;
  const { caFile = '' } = await initTenant({
    stateDir,
    hostName: 'localhost',
    listen: { port: 0 },
    lab: true,
    ...(store ? { store } : {}),
  });
  const running = await serveTenant({ stateDir, ...(now ? { now } : {}) });
  return {
    home,
    url: running.url,
    ca: caFile,
    admin: adminClient(stateDir),
    close: async () => {
      await running.close();
      rmSync(home, { recursive: true });
    },
  };
}

/** Publishes the key of an exported keytab, as `kennel kerberos-server import` does. */
export async function publishKeytab(
  admin: AdminClient,
  keytab: string,
  domain: { netbiosName: string; domainSid: string },
): Promise<void> {
  await admin.kerberosDomains.publish(publicationOf(kerberosServerKey(readFileSync(keytab)), domain));
}
