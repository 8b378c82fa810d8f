/** Two forests, one KerberosDomain each: a user's ticket is minted for their own domain, and taken only there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinDevice, signIn } from '@kennel/device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { readShareFile, type SambaDomain, startSambaDomain } from '../../packages/lab/src/samba/index.ts';
import { enrolUser } from '../../packages/lab/src/scripted-user.ts';
import { kennel } from '../support/kennel.ts';
import { type LabTenant, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';

const PEERS = ['samba', 'namespaces', 'mit', 'smbclient'] as const;
const FORESTS = [
  { realm: 'CORP.EXAMPLE.COM', user: 'alice' },
  { realm: 'FABRIKAM.EXAMPLE.NET', user: 'frida' },
] as const;

describe('two forests', () => {
  const it = withPeers(...PEERS);
  const domains: SambaDomain[] = [];
  let tenant: LabTenant;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    tenant = await startLabTenant();
    for (const { realm, user } of FORESTS)
      domains.push(
        await startSambaDomain({
          realm,
          users: [{ name: user }],
          shares: [{ name: 'files', allow: [user], files: { 'hello.txt': `Hello from ${realm}` } }],
        }),
      );
  });
  afterAll(async () => {
    await tenant?.close();
    for (const domain of domains) await domain.stop();
  });

  it('have a KerberosDomain each, and each user a ticket of their own domain', async () => {
    for (const [i, { realm, user }] of FORESTS.entries()) {
      const domain = domains[i];
      if (!domain) throw new Error('a forest is missing');
      const dnsName = realm.toLowerCase();
      const home = join(tenant.home, user);
      mkdirSync(home);
      const passwordFile = join(home, 'password');
      writeFileSync(passwordFile, `${domain.adminPassword}\n`);
      const created = await kennel(
        [
          ...['kerberos-server', 'create', '--domain', dnsName, '--dns', domain.address, '--json'],
          ...['--domain-credential', `Administrator@${dnsName}`, '--password-file', passwordFile],
        ],
        { KENNEL_HOME: tenant.home },
      );
      expect(created, created.stdout + created.stderr).toMatchObject({ exitCode: 0 });
      const person = await enrolUser({
        ...{ admin: tenant.admin, home, name: user, dnsDomainName: dnsName },
        sid: await domain.sidOf(user),
      });
      const device = { stateDir: join(home, 'device'), key: person.key, pin: person.pin };
      await joinDevice({ ...device, tenantUrl: tenant.url, caFile: tenant.ca });
      const ccache = join(home, 'ccache');
      const at = ({ address }: SambaDomain) =>
        signIn({ ...device, ccache, kdc: { host: address, port: 88 } });
      const elsewhere = domains[1 - i];
      if (!elsewhere) throw new Error('the other forest is missing');
      expect((await at(elsewhere)).ticket).toMatchObject({ state: 'none' });
      expect((await at(domain)).ticket).toMatchObject({ state: 'full', principal: `${user}@${realm}` });
      const read = await readShareFile({
        ...{ address: domain.address, fqdn: domain.fqdn, share: 'files', file: 'hello.txt' },
        ...{ ccache: `FILE:${ccache}`, krb5Conf: domain.krb5Conf },
      });
      expect(read.stdout).toContain(`Hello from ${realm}`);
      await person.unplug();
    }
    expect((await tenant.admin.kerberosDomains.list()).map(({ dnsName }) => dnsName)).toEqual(
      FORESTS.map(({ realm }) => realm.toLowerCase()),
    );
  });
});
