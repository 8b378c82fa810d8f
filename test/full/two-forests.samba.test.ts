/**
 * Two forests, one KerberosDomain each: a user's ticket is minted for their own domain, and taken only there. With a
 * forest trust the ticket leads on into the other forest, as any ticket of that user would.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinDevice, signIn } from '@kennel/device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { readShareFile, type SambaDomain, trustEachOther } from '../../packages/lab/src/samba/index.ts';
import { enrolUser, plugInKey } from '../../packages/lab/src/scripted-user.ts';
import { kennel } from '../support/kennel.ts';
import { type LabTenant, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces', 'mit', 'smbclient'] as const;
const FORESTS = [
  { realm: 'CORP.EXAMPLE.COM', hostName: 'dc1', user: 'alice' },
  { realm: 'FABRIKAM.EXAMPLE.NET', hostName: 'fab1', user: 'frida' },
] as const;

describe('two forests', () => {
  const it = withPeers(...PEERS);
  const domains: SambaDomain[] = [];
  let tenant: LabTenant;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    tenant = await startLabTenant();
    for (const { realm, hostName, user } of FORESTS)
      domains.push(
        await startTestDomain({
          realm,
          hostName,
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

  it('share a device: both users are signed in at once, each with tickets and shares of their own domain', async () => {
    const home = join(tenant.home, 'shared');
    const [stateDir, folder] = [join(home, 'device'), join(home, 'tickets')];
    mkdirSync(home);
    for (const [i, { user }] of FORESTS.entries()) {
      const { key, pin, unplug } = await plugInKey(join(tenant.home, user), user);
      if (i === 0) await joinDevice({ stateDir, key, pin, tenantUrl: tenant.url, caFile: tenant.ca });
      const kdc = { host: domains[i]?.address ?? '', port: 88 };
      const { ticket } = await signIn({ stateDir, key, pin, kdc, ccache: `DIR:${folder}` });
      expect(ticket).toMatchObject({ state: 'full' });
      await unplug();
    }
    const run = async (...args: string[]) => {
      const done = await kennel([...args, '--json'], { KENNEL_HOME: home });
      expect(done, done.stdout + done.stderr).toMatchObject({ exitCode: 0 });
      return done.json[0] ?? {};
    };
    for (const { realm, user } of FORESTS) {
      const upn = `${user}@${realm.toLowerCase()}`;
      // each at their own domain controller, which the device has remembered
      expect(await run('refresh', '--user', upn)).toMatchObject({ ticket: { state: 'full', realm } });
      expect(await run('tickets', '--user', upn)).toMatchObject({
        ticket: { state: 'full', principal: `${user}@${realm}` },
        tickets: [{ client: `${user}@${realm}`, server: `krbtgt/${realm}@${realm}` }],
      });
    }
    expect(await run('tickets')).toMatchObject({
      tickets: [{ client: 'frida@FABRIKAM.EXAMPLE.NET' }],
      others: [{ tickets: [{ client: 'alice@CORP.EXAMPLE.COM' }] }],
    });

    const { realms, text } = await run('tickets', 'krb5-conf');
    expect(realms).toEqual(FORESTS.map(({ realm }) => realm));
    const krb5Conf = join(home, 'krb5.conf');
    writeFileSync(krb5Conf, `[libdefaults]\n  dns_lookup_kdc = false\n  rdns = false\n${text}`);
    const read = async (at: number, of: number) => {
      const [{ user, realm }, domain] = [FORESTS[of], domains[at]] as [(typeof FORESTS)[0], SambaDomain];
      const { ticket } = await run('tickets', '--user', `${user}@${realm.toLowerCase()}`);
      const { ccache } = ticket as { ccache: string };
      return readShareFile({
        ...{ address: domain.address, fqdn: domain.fqdn, share: 'files', file: 'hello.txt', krb5Conf },
        ccache: `FILE:${ccache}`,
      });
    };
    for (const [i, { realm }] of FORESTS.entries()) {
      expect((await read(i, i)).stdout).toContain(`Hello from ${realm}`);
      await expect(read(1 - i, i)).rejects.toMatchObject({ code: 'program-failed' });
    }

    await run('signout', '--user', 'frida@fabrikam.example.net');
    expect((await read(0, 0)).stdout).toContain('Hello from CORP');
    const left = (await run('tickets')) as { tickets: { client: string }[]; others: unknown[] };
    expect(new Set(left.tickets.map(({ client }) => client))).toEqual(new Set(['alice@CORP.EXAMPLE.COM']));
    expect(left.others).toEqual([]);
  });

  it('with a trust between them, a ticket leads to a share of the other forest; without one it does not', async () => {
    const [corp, fabrikam] = domains;
    if (!corp || !fabrikam) throw new Error('a forest is missing');
    const scripts = `/var/lib/samba/sysvol/${fabrikam.realm.toLowerCase()}/scripts`;
    await fabrikam.run('sh', [
      '-c',
      `echo 'Hello, guest' > ${scripts}/hello.txt; chmod a+r ${scripts}/hello.txt`,
    ]);
    const krb5Conf = join(tenant.home, 'krb5.conf');
    writeFileSync(krb5Conf, clientConf(corp, fabrikam));
    /** With a copy of her ticket cache: what one program fetches is not for the next. */
    const read = (copy: string) => {
      const ccache = join(tenant.home, copy);
      copyFileSync(join(tenant.home, 'alice', 'ccache'), ccache);
      return readShareFile({
        ...{ address: fabrikam.address, fqdn: fabrikam.fqdn, share: 'netlogon', file: 'hello.txt', krb5Conf },
        ccache: `FILE:${ccache}`,
      });
    };
    await expect(read('before')).rejects.toMatchObject({ code: 'program-failed' });
    await trustEachOther(corp, fabrikam);
    expect((await read('after')).stdout).toContain('Hello, guest');
  });
});

/** Both realms, for the programs of a machine of the first one. */
function clientConf(home: SambaDomain, other: SambaDomain): string {
  const realm = ({ realm: name, address }: SambaDomain) => `  ${name} = {\n    kdc = ${address}\n  }\n`;
  const suffix = ({ realm: name }: SambaDomain) => `  .${name.toLowerCase()} = ${name}\n`;
  return [
    `[libdefaults]\n  default_realm = ${home.realm}\n  dns_lookup_kdc = false\n  rdns = false\n`,
    `[realms]\n${realm(home)}${realm(other)}`,
    `[domain_realm]\n${suffix(home)}${suffix(other)}`,
  ].join('');
}
