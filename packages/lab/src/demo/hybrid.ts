/**
 * The demo's way to a hybrid joined device: the machine is a computer of the domain, writes its certificate there, and is
 * a device of the tenant once sync has announced it. Users come by the same sync.
 */
import { join } from 'node:path';
import {
  configureHybridTenant,
  type DomainSession,
  openDomainSession,
  openSource,
  runSync,
} from '@kennel/active-directory';
import { type DeviceError, joinHybrid } from '@kennel/device';
import type { AdminClient } from '@kennel/tenant';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import type { DemoDomain } from './domain.ts';
import { refused, type Stage } from './stage.ts';

export interface HybridDemo {
  home: string;
  stateDir: string;
  domain: DemoDomain;
  tenant: { url: string; ca: string };
  admin: AdminClient;
}

/** Up to the sync: users and the computer are known to the tenant then. @returns the keytab of the machine */
export async function announceComputer(step: Stage, demo: HybridDemo): Promise<string> {
  const { home, domain, tenant, admin } = demo;
  const dnsName = domain.realm.toLowerCase();
  await step(
    'hybrid-configure',
    async () => {
      const { tenantId, url } = await admin.status();
      return asAdministrator(domain, ({ directory }) =>
        configureHybridTenant(directory, { tenantId, name: 'localhost', url }),
      );
    },
    ({ dn }) => ({
      text: `Wrote the service connection point: ${dn}`,
      proves:
        'By it a computer of the forest finds its tenant; it is the one thing that an administrator adds.',
    }),
  );
  const { keytab } = await step(
    'domain-member',
    () => memberOf(domain).joinMachine('WS1'),
    () => ({ text: 'The machine WS1 joined the domain with `net ads join`, and has a keytab.' }),
  );
  await step(
    'computer-certificate',
    () => refused<DeviceError>(() => joinComputer(demo, keytab), 'device-not-announced'),
    ({ message }) => ({
      text: `WS1 wrote a certificate to its own computer object. The tenant: ${message}`,
      proves: 'Nobody becomes a hybrid device whom the domain has not announced.',
    }),
  );
  await step(
    'sync',
    async () => {
      const { token } = await admin.clients.invite({ scope: 'connector', domain: dnsName });
      const clientsDir = join(home, 'clients');
      const given = { clientsDir, tenantUrl: tenant.url, caFile: tenant.ca, name: 'connector', token };
      const target = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
      return asAdministrator(domain, async ({ directory }) =>
        runSync({
          source: await openSource(directory, dnsName, {}),
          target,
          netbiosName: domain.netbiosName,
        }),
      );
    },
    ({ counts }) => ({
      text: `Sync brought ${counts.created} users, groups and computers of the domain.`,
      proves: 'The computer and its certificate are announced to the tenant by the domain.',
    }),
  );
  return keytab;
}

/** The hybrid join itself, or the rest of it. */
export const joinComputer = ({ stateDir, domain, tenant }: HybridDemo, keytab: string) =>
  joinHybrid({
    stateDir,
    keytab,
    caFile: tenant.ca,
    dnsServers: [domain.kdc.host],
    displayName: 'WS1',
  });

function memberOf(domain: DemoDomain) {
  if (domain.member === undefined) throw new Error('this domain has no machines');
  return domain.member;
}

async function asAdministrator<T>(
  domain: DemoDomain,
  use: (session: DomainSession) => Promise<T>,
): Promise<T> {
  const session = await openDomainSession({
    domain: domain.realm.toLowerCase(),
    upn: `Administrator@${domain.realm.toLowerCase()}`,
    password: memberOf(domain).adminPassword,
    dnsServers: [domain.kdc.host],
  });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
