/**
 * Sync at size and under misfortune: 10,000 users in full, then 100 changes; the connector killed in the middle; the only
 * domain controller lost in the middle; a second forest, whose connector reaches nothing of the first.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openDomainSession, openSource, runSync, type SyncTarget } from '@kennel/active-directory';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { changePeople, measuredRun, startDirectory } from '../../bench/directory.ts';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { startKennel } from '../support/kennel.ts';
import { type LabTenant, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const PEOPLE = 10_000;

describe('sync of a large domain', () => {
  const it = withPeers(...PEERS);
  let corp: SambaDomain;
  let tenant: LabTenant;
  let target: SyncTarget;

  const connectorOf = async (domain: string) => {
    const { token } = await tenant.admin.clients.invite({ scope: 'connector', domain });
    const clientsDir = join(tenant.home, 'clients');
    const given = { clientsDir, tenantUrl: tenant.url, caFile: tenant.ca, name: domain, token };
    return connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
  };
  const known = async (domain: string) =>
    (await tenant.admin.sync.domains()).find(({ dnsName }) => dnsName === domain)?.known;
  const sessionOf = (samba: SambaDomain, domain: string) =>
    openDomainSession({
      domain,
      upn: `Administrator@${domain}`,
      password: samba.adminPassword,
      dnsServers: [samba.address],
    });

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    corp = await startDirectory(PEOPLE);
    tenant = await startLabTenant();
    target = await connectorOf('corp.example.com');
  }, 600_000);
  afterAll(async () => {
    await tenant?.close();
    await corp?.stop();
  });

  it('goes on after its connector was killed in the middle of the first run', async () => {
    const passwordFile = join(tenant.home, 'password');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(passwordFile, corp.adminPassword, { mode: 0o600 });
    const credential = [
      '--domain-credential',
      'Administrator@corp.example.com',
      '--password-file',
      passwordFile,
    ];
    const domain = ['--domain', 'corp.example.com', '--dns', corp.address];
    const child = startKennel(['sync', 'run', ...domain, ...credential], { KENNEL_HOME: tenant.home });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (((await known('corp.example.com'))?.user ?? 0) < 1000 && child.exitCode === null) await wait(20);
    child.kill('SIGKILL');
    await ended;
    const there = (await known('corp.example.com'))?.user ?? 0;
    expect(there).toBeGreaterThanOrEqual(1000);
    expect(there).toBeLessThan(PEOPLE);
    // Another process of the same connector, at once: what has come is not sent again.
    const result = await measuredRun(corp, tenant);
    expect(result).toMatchObject({
      mode: 'full',
      counts: { created: expect.any(Number), deleted: 0, problems: 0 },
    });
    expect(result.counts.created).toBeLessThan(PEOPLE);
    expect((await known('corp.example.com'))?.user).toBe(PEOPLE);
    const outcomes = (await tenant.admin.sync.runs()).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['completed', 'interrupted']);
  });

  it('brings 100 changes by reading 100 objects', async () => {
    await changePeople(corp, PEOPLE, 100, 'Changed');
    const result = await measuredRun(corp, tenant);
    expect(result).toMatchObject({ mode: 'incremental', read: 100, sent: 100, counts: { updated: 100 } });
    expect(await tenant.admin.users.show('p00000')).toMatchObject({ displayName: 'Changed 0' });
  });

  it('loses its domain controller in the middle, says so, and goes on when it is back', async () => {
    const session = await sessionOf(corp, 'corp.example.com');
    try {
      const source = await openSource(session.directory, 'corp.example.com', {});
      let lost = false;
      const run = runSync({
        source,
        target,
        netbiosName: 'CORP',
        full: true,
        onProgress: () => {
          if (!lost) void corp.pause();
          lost = true;
        },
      });
      await expect(run).rejects.toThrow();
      expect(lost).toBe(true);
    } finally {
      await corp.resume();
      await session.close().catch(() => undefined); // its connection is dead
    }
    const [failed] = await tenant.admin.sync.runs();
    expect(failed).toMatchObject({ outcome: 'failed', counts: { deleted: 0 } });
    expect(failed?.message).toBeTypeOf('string');
    expect((await known('corp.example.com'))?.user).toBe(PEOPLE);
    expect(await measuredRun(corp, tenant)).toMatchObject({ mode: 'incremental', counts: { deleted: 0 } });
  });

  it('syncs a second forest beside it, and its connector cannot write to the first', async () => {
    const fabrikam = await startTestDomain({
      realm: 'FABRIKAM.EXAMPLE.NET',
      users: [{ name: 'zoe', password: 'Plain!pass1' }],
    });
    try {
      const other = await connectorOf('fabrikam.example.net');
      const session = await sessionOf(fabrikam, 'fabrikam.example.net');
      try {
        const source = await openSource(session.directory, 'fabrikam.example.net', {});
        await runSync({ source, target: other, netbiosName: 'FABRIKAM' });
        const posing = { ...source, facts: { ...source.facts, dnsName: 'corp.example.com' } };
        await expect(runSync({ source: posing, target: other, netbiosName: 'CORP' })).rejects.toMatchObject({
          code: 'outside-connector-domain',
        });
      } finally {
        await session.close();
      }
      expect(await tenant.admin.users.show('zoe')).toMatchObject({
        onPremisesSecurityIdentifier: await fabrikam.sidOf('zoe'),
        onPremisesDomainName: 'fabrikam.example.net',
      });
      expect((await known('corp.example.com'))?.user).toBe(PEOPLE);
    } finally {
      await fabrikam.stop();
    }
  });
});
