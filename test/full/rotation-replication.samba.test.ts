/** The key of a Kerberos server is rotated on two real controllers, with replication held back, and no sign-in is lost. */
import { locateDomainController } from '@kennel/active-directory';
import { srvResolver } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nearestFirst } from '../../packages/device/src/tickets/kdc.ts';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { type RotationLab, startRotationLab } from '../support/rotation.ts';

const PEERS = ['samba', 'namespaces'] as const;
/** Two controllers on a machine that has other work, milliseconds. */
const START = 300_000;

describe('two controllers of one domain', { timeout: 180_000 }, () => {
  const it = withPeers(...PEERS);
  let lab: RotationLab;

  beforeAll(async () => {
    if (missing(PEERS).length === 0) lab = await startRotationLab();
  }, START);
  afterAll(() => lab?.stop());

  const description = async (controller: Pick<SambaDomain, 'directory'>) => {
    const [alice] = await controller.directory.search({
      filter: '(sAMAccountName=alice)',
      attributes: ['description'],
    });
    return alice?.attributes.description?.[0];
  };
  const versions = async () => {
    const [shown] = (await lab.command('get')).json;
    return {
      domain: shown?.KeyVersion,
      tenant: shown?.CloudKeyVersion,
      pending: shown?.CloudPendingKeyVersion,
    };
  };

  it('are both found by DNS, at either of them; and changes come only while replication is not held back', async () => {
    const { domain, dc2 } = lab;
    for (const { address } of [domain, dc2]) {
      const records = await srvResolver([address])('_ldap._tcp.dc._msdcs.corp.example.com');
      expect(records.map(({ name }) => name).sort()).toEqual([domain.fqdn, dc2.fqdn]);
    }
    const found = await locateDomainController({
      domain: 'corp.example.com',
      controllers: [{ host: dc2.address }],
      require: ['kdc', 'writable'],
    });
    expect(found.hostName).toBe(dc2.fqdn);
    const dns = { dnsServers: [domain.address] };
    const order = async () => (await nearestFirst('CORP.EXAMPLE.COM', dns)).map(({ host }) => host);
    expect((await order()).sort()).toEqual([domain.address, dc2.address].sort());
    await dc2.pause();
    expect(await order()).toEqual([domain.address, dc2.address]); // a silent one is the last to be tried
    await dc2.resume();
    const dn = `CN=alice,CN=Users,${domain.baseDn}`;
    await dc2.holdReplication();
    await domain.directory.modify(`dn: ${dn}\nchangetype: modify\nreplace: description\ndescription: new\n`);
    await expect(dc2.pull()).rejects.toMatchObject({ code: 'program-failed' });
    expect(await description(dc2)).toBeUndefined();
    await dc2.releaseReplication();
    await dc2.pull();
    expect(await description(dc2)).toBe('new');
  });

  it('make the objects over LDAPS, and are both proven with a ticket of a named user', async () => {
    const { domain, dc2 } = lab;
    const ldaps = ['--ldaps', '--ca', domain.caFile];
    const created = await lab.command('create', ...ldaps);
    expect(created, created.stdout + created.stderr).toMatchObject({ exitCode: 0 });
    expect(await lab.command('get', '--ldaps')).toMatchObject({
      exitCode: 59,
      json: [{ error: { code: 'ldaps-untrusted' } }],
    });
    await dc2.pull();
    const { exitCode, json } = await lab.command('verify', 'alice', ...ldaps);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject([
      {
        failed: 0,
        controllers: [domain.fqdn, dc2.fqdn].map((hostName) => ({
          ...{ hostName, writable: true, reachable: true, keyVersion: 1, keyKnown: true },
          ...{ keylist: false, aes: true, redeemed: true, result: 'full TGT' },
        })),
      },
    ]);
    expect((await lab.command('verify', 'nobody')).json).toMatchObject([
      { error: { code: 'user-not-found' } },
    ]);
  });

  it('lose no sign-in while the key is rotated and one does not get it for a while', async () => {
    const { domain, dc2 } = lab;
    expect(await lab.command('rotate')).toMatchObject({
      exitCode: 55,
      json: [{ error: { code: 'rotated-recently' } }],
    });
    const people = lab.keepSigningIn();
    await dc2.holdReplication();
    const held = await lab.command('rotate', '--force', '--wait', '3');
    expect(held, held.stderr).toMatchObject({ exitCode: 54, json: [{ error: { code: 'rotation-waits' } }] });
    expect(held.stdout).toContain(dc2.fqdn);
    expect(await versions()).toEqual({ domain: 2, tenant: 1, pending: 2 });
    await people.atBoth();
    await dc2.releaseReplication();
    await dc2.pull();
    const done = await lab.command('rotate', '--user', 'alice');
    expect(done, done.stderr).toMatchObject({
      exitCode: 0,
      json: [{ keyVersion: 2, previousKeyVersion: 1, provenBy: [domain.fqdn, dc2.fqdn], without: [] }],
    });
    expect(await versions()).toEqual({ domain: 2, tenant: 2, pending: null });
    await people.atBoth();
    const went = await people.stop();
    expect(went.filter(({ state }) => state !== 'full')).toEqual([]);
  });

  it('go on where a rotation was killed, and make no second key', async () => {
    const printed = await lab.killed({ line: 1 }, 'rotate', '--force');
    expect(printed[1]).toContain('made version 3');
    expect((await versions()).domain).toBe(3);
    expect(await lab.command('rotate', '--force')).toMatchObject({ exitCode: 0, json: [{ keyVersion: 3 }] });
    expect(await versions()).toEqual({ domain: 3, tenant: 3, pending: null });
  });

  it('are not both needed: one that is down stops a rotation before anything is changed, unless it is left out', async () => {
    const { domain, dc2 } = lab;
    await dc2.pause();
    try {
      const refused = await lab.command('rotate', '--force');
      expect(refused).toMatchObject({ exitCode: 54, json: [{ error: { code: 'rotation-waits' } }] });
      expect(refused.stdout).toContain(`--without ${dc2.fqdn}`);
      expect(await versions()).toEqual({ domain: 3, tenant: 3, pending: null });
      expect(await lab.command('rotate', '--force', '--without', dc2.fqdn)).toMatchObject({
        exitCode: 0,
        json: [{ keyVersion: 4, provenBy: [domain.fqdn], without: [dc2.fqdn] }],
      });
      const verified = await lab.command('verify', 'alice');
      expect(verified).toMatchObject({ exitCode: 56, json: [{ failed: 1 }] });
    } finally {
      await dc2.resume();
    }
    const [line] = (await lab.tenant.admin.audit.list({ limit: 200 })).filter(
      ({ event }) => event === 'kerberos-domain.key-activated',
    );
    expect(line?.reason).toBe(`proven by ${domain.fqdn}; without ${dc2.fqdn}`);
  });

  it('lose the objects and the key together, or the one without the other', async () => {
    expect(await lab.command('remove', '--keep-domain-objects', '--keep-tenant-object')).toMatchObject({
      exitCode: 2,
    });
    expect(await lab.command('remove')).toMatchObject({ exitCode: 2 }); // nobody to ask
    expect(await lab.command('remove', '--keep-domain-objects', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await lab.command('get')).toMatchObject({ exitCode: 52 });
    expect((await lab.command('remove', '--yes')).json).toMatchObject([
      { tenant: false, removed: { length: 4 } },
    ]);
    expect(await lab.command('get')).toMatchObject({ exitCode: 51 });
    expect((await lab.command('remove', '--yes')).json).toMatchObject([{ removed: [] }]);
  });
});
