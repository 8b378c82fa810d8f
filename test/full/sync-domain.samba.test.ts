/** Sync from a real Samba AD domain over HTTPS: full, incremental by DirSync and by uSNChanged, scope, guard, and who is refused. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type DomainSession,
  openDomainSession,
  openSource,
  runSync,
  type SyncConfig,
  type SyncTarget,
} from '@kennel/active-directory';
import { joinDevice, signIn } from '@kennel/device';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ExtendedNames } from '../../packages/active-directory/src/sync/controls.ts';
import { membersOf } from '../../packages/active-directory/src/sync/source.ts';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { plugInKey, registerKey } from '../../packages/lab/src/scripted-user.ts';
import { jsonLines, kennel, startKennel, stopProcess } from '../support/kennel.ts';
import { type LabTenant, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startRelay } from '../support/relay.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const PASSWORD = 'Plain!pass1';
const BASE = 'DC=corp,DC=example,DC=com';

describe('sync from a Samba domain', () => {
  const it = withPeers(...PEERS);
  let samba: SambaDomain;
  let tenant: LabTenant;
  let target: SyncTarget;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    const names = ['alice', 'bob', 'carol', 'dave', 'erin', 'plain'];
    samba = await startTestDomain({
      users: names.map((name) => ({ name, password: PASSWORD })),
      groups: ['staff', 'inner'],
    });
    tenant = await startLabTenant();
    const { token } = await tenant.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const clientsDir = join(tenant.home, 'clients');
    const given = { clientsDir, tenantUrl: tenant.url, caFile: tenant.ca, name: 'connector', token };
    target = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
    await samba.directory.modify(`dn: CN=bob,CN=Users,${BASE}
changetype: modify
replace: userAccountControl
userAccountControl: 514

dn: CN=carol,CN=Users,${BASE}
changetype: modify
replace: accountExpires
accountExpires: 131000000000000000

dn: CN=dave,CN=Users,${BASE}
changetype: modify
replace: pwdLastSet
pwdLastSet: 0

dn: CN=inner,CN=Users,${BASE}
changetype: modify
add: member
member: CN=alice,CN=Users,${BASE}

dn: CN=staff,CN=Users,${BASE}
changetype: modify
add: member
member: CN=inner,CN=Users,${BASE}
`);
    await samba.directory.add(`dn: OU=Sales,${BASE}
objectClass: organizationalUnit

dn: CN=WS1,CN=Computers,${BASE}
objectClass: computer
sAMAccountName: WS1$
userAccountControl: 4096
operatingSystem: Debian
userCertificate: a certificate
`);
  });
  afterAll(async () => {
    await tenant?.close();
    await samba?.stop();
  });

  async function session<T>(
    use: (session: DomainSession) => Promise<T>,
    who = 'Administrator',
    ldaps?: { ca: string },
  ): Promise<T> {
    const opened = await openDomainSession({
      domain: 'corp.example.com',
      upn: `${who}@corp.example.com`,
      password: who === 'Administrator' ? samba.adminPassword : PASSWORD,
      dnsServers: [samba.address],
      ...(ldaps ? { ldaps } : {}),
    });
    try {
      return await use(opened);
    } finally {
      await opened.close();
    }
  }
  interface Options {
    who?: string;
    config?: SyncConfig;
    full?: boolean;
    allowDeletions?: boolean;
    target?: SyncTarget;
    ldaps?: { ca: string };
  }
  const sync = ({ who, config = {}, ldaps, ...more }: Options = {}) =>
    session(
      async ({ directory }) => {
        const source = await openSource(directory, 'corp.example.com', config);
        return runSync({ source, target, netbiosName: 'CORP', ...more });
      },
      who,
      ldaps,
    );
  const names = async () =>
    (await tenant.admin.users.list()).map((user) => user.userPrincipalName.split('@')[0]).sort();

  it('reads everything the first time, and nothing that it knows the second', async () => {
    const first = await sync();
    expect(first).toMatchObject({
      mode: 'full',
      by: 'dirsync',
      warnings: [],
      counts: { problems: 0, deleted: 0 },
    });
    expect(await names()).toEqual(['alice', 'bob', 'carol', 'dave', 'erin', 'plain']);
    const account = (name: string) => tenant.admin.users.account(name);
    expect(await account('alice')).toMatchObject({
      enabled: true,
      inDomainUsers: true,
      signInRefusal: null,
      ticketRefusal: null,
    });
    expect(await account('bob')).toMatchObject({ signInRefusal: { code: 'account-disabled-on-premises' } });
    expect(await account('carol')).toMatchObject({ signInRefusal: { code: 'account-expired-on-premises' } });
    expect(await account('dave')).toMatchObject({ ticketRefusal: { code: 'tgt-password-must-change' } });
    expect((await account('alice'))?.passwordExpiresOn).toMatch(/^20\d\d-/);
    expect(await tenant.admin.users.show('alice')).toMatchObject({
      onPremisesSecurityIdentifier: await samba.sidOf('alice'),
      onPremisesSamAccountName: 'alice',
      onPremisesDomainName: 'corp.example.com',
    });
    const members = async (group: string) =>
      (await tenant.admin.groups.members(group)).map(({ displayName }) => displayName);
    expect(await members('CORP\\staff')).toEqual(['alice']);
    expect(await members('CORP\\Domain Users')).toContain('erin');
    const [domain] = await tenant.admin.sync.domains();
    expect(domain?.known.computer).toBe(1);
    const again = await sync({ full: true });
    expect(again).toMatchObject({ mode: 'full', sent: 0, counts: { created: 0, updated: 0, deleted: 0 } });
  });

  it('then brings changes, new ones, moves and deletions alone', async () => {
    await samba.directory.modify(`dn: CN=erin,CN=Users,${BASE}
changetype: modrdn
newrdn: CN=erin
deleteoldrdn: 1
newsuperior: OU=Sales,${BASE}

dn: CN=alice,CN=Users,${BASE}
changetype: modify
replace: displayName
displayName: Alice Example

dn: CN=inner,CN=Users,${BASE}
changetype: modify
delete: member
member: CN=alice,CN=Users,${BASE}
-
add: member
member: CN=bob,CN=Users,${BASE}
`);
    await samba.sambaTool('user', 'create', 'frank', PASSWORD);
    await samba.sambaTool('user', 'delete', 'carol');
    const { id } = await tenant.admin.users.show('carol');
    const result = await sync();
    expect(result).toMatchObject({
      mode: 'incremental',
      by: 'dirsync',
      counts: { created: 1, deleted: 1, problems: 0 },
    });
    expect(result.read).toBeLessThan(10);
    expect(await names()).toEqual(['alice', 'bob', 'dave', 'erin', 'frank', 'plain']);
    expect(await tenant.admin.users.account(id)).toMatchObject({
      signInRefusal: { code: 'account-deleted' },
    });
    expect(await tenant.admin.users.show('alice')).toMatchObject({ displayName: 'Alice Example' });
    expect((await tenant.admin.groups.members('CORP\\staff')).map(({ displayName }) => displayName)).toEqual([
      'bob',
    ]);
    expect(await sync()).toMatchObject({ mode: 'incremental', sent: 0 });
  });

  it('takes the members of a large group in stretches', async () => {
    await samba.sambaTool('group', 'add', 'large');
    await samba.sambaTool('group', 'addmembers', 'large', 'alice,bob,dave,erin,plain');
    await session(async ({ directory }) => {
      const { client, baseDn } = directory;
      const read = async (attributes: string[]) => {
        const found = await client.search(
          baseDn,
          { filter: '(sAMAccountName=large)', attributes, explicitBufferAttributes: ['objectGUID'] },
          new ExtendedNames(),
        );
        return found.searchEntries[0] ?? expect.fail('no such group');
      };
      const whole = await membersOf({ directory }, await read(['objectGUID', 'member']));
      expect(whole).toHaveLength(5);
      // Samba has no limit of its own (MaxValRange), and keeps to one that is asked for: two values an answer.
      const asked: string[][] = [];
      const search = (base: string, options: { attributes: string[] }, control: ExtendedNames) => {
        asked.push(options.attributes);
        const attributes = options.attributes.map((name) =>
          name.replace(/-\*$/, `-${Number(/=(\d+)/.exec(name)?.[1]) + 1}`),
        );
        return client.search(base, { ...options, attributes }, control);
      };
      const limited = { directory: { ...directory, client: { search } } } as unknown as Parameters<
        typeof membersOf
      >[0]; // of the client it only searches
      const first = await read(['objectGUID', 'member;range=0-1']);
      expect(Object.keys(first)).toContain('member;range=0-1');
      expect(await membersOf(limited, first)).toEqual(whole);
      expect(asked).toEqual([['member;range=2-*'], ['member;range=4-*']]);
    });
  });

  it('marks who may replicate secrets, and who is an administrator', async () => {
    await samba.sambaTool('user', 'create', 'mirror', PASSWORD);
    const sid = await samba.sidOf('mirror');
    await samba.sambaTool(
      'dsacl',
      'set',
      `--objectdn=${BASE}`,
      `--sddl=(OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;;${sid})`,
    );
    expect(await sync()).toMatchObject({ mode: 'full' }); // who is protected has changed for others than those who changed
    expect(await tenant.admin.users.account('mirror')).toMatchObject({
      protected: true,
      ticketRefusal: { code: 'tgt-protected-account' },
    });
    expect(await tenant.admin.users.account('alice')).toMatchObject({ protected: false });
  });

  it('falls back to uSNChanged where the right for DirSync is missing', async () => {
    expect(await sync({ who: 'plain', full: true })).toMatchObject({ mode: 'full', by: 'usn' });
    await samba.sambaTool('user', 'create', 'grace', PASSWORD);
    await samba.sambaTool('user', 'delete', 'frank');
    expect(await sync({ who: 'plain' })).toMatchObject({
      mode: 'incremental',
      by: 'usn',
      counts: { created: 1, deleted: 1 },
    });
    expect(await names()).toEqual(['alice', 'bob', 'dave', 'erin', 'grace', 'mirror', 'plain']);
    expect(await sync({ who: 'plain' })).toMatchObject({
      mode: 'incremental',
      counts: { created: 0, updated: 0, deleted: 0 },
    });
  });

  it('reads over LDAPS too', async () => {
    const { readFileSync } = await import('node:fs');
    expect(await sync({ full: true, ldaps: { ca: readFileSync(samba.caFile, 'utf8') } })).toMatchObject({
      mode: 'full',
      sent: 0,
    });
  });

  it('keeps to its scope by organisational unit, group and filter, and sees who leaves it', async () => {
    const allowDeletions = true;
    await samba.directory.modify(`dn: CN=erin,OU=Sales,${BASE}
changetype: modify
replace: description
description:: ${Buffer.from('Zoé').toString('base64')}
`);
    await sync({ config: { scope: { ous: [`OU=Sales,${BASE}`] } }, allowDeletions });
    expect(await names()).toEqual(['erin']);
    await sync({
      config: { scope: { filter: '(|(sAMAccountName=alice)(description=Zo\\c3\\a9))' } },
      allowDeletions,
    });
    expect(await names()).toEqual(['alice', 'erin']);
    const config = { scope: { groups: ['staff'] }, mapping: { displayName: 'sAMAccountName' } };
    await sync({ config, allowDeletions });
    expect(await names()).toEqual(['bob']);
    expect(await tenant.admin.users.show('bob')).toMatchObject({ displayName: 'bob' });
    await samba.directory.modify(`dn: CN=inner,CN=Users,${BASE}
changetype: modify
replace: member
member: CN=alice,CN=Users,${BASE}
`);
    expect(await sync({ config })).toMatchObject({ mode: 'incremental', counts: { deleted: 1 } });
    expect(await names()).toEqual(['alice']);
    await sync();
    expect((await names()).length).toBeGreaterThan(5);
  });

  it('stops before it deletes more than its share', async () => {
    const config = { scope: { filter: '(sAMAccountName=alice)' } };
    for (let at = 0; at < 6; at++) await samba.sambaTool('user', 'create', `many${at}`, PASSWORD);
    await sync();
    const before = await names();
    await expect(sync({ config })).rejects.toMatchObject({ code: 'sync-too-many-deletions' });
    expect(await names()).toEqual(before);
    const [run] = await tenant.admin.sync.runs();
    expect(run).toMatchObject({ outcome: 'failed', counts: { deleted: 0 } });
  });

  it('goes on where it was killed, and neither loses nor repeats anything', async () => {
    await sync();
    await samba.sambaTool('user', 'create', 'late', PASSWORD);
    let killed = false;
    const dying: SyncTarget = {
      ...target,
      push: async (...given) => {
        if (killed) throw new Error('dead');
        killed = true; // the batch arrives, its answer does not, and nothing follows
        await target.push(...given);
        throw new Error('killed');
      },
      end: async () => {
        throw new Error('dead');
      },
    };
    await expect(
      session(async ({ directory }) =>
        runSync({
          source: await openSource(directory, 'corp.example.com', {}),
          target: dying,
          netbiosName: 'CORP',
        }),
      ),
    ).rejects.toThrow('killed');
    expect(await sync()).toMatchObject({ mode: 'incremental', counts: { problems: 0 } });
    expect(await names()).toContain('late');
    const [, interrupted] = await tenant.admin.sync.runs();
    expect(interrupted).toMatchObject({ outcome: 'interrupted' });
  });

  it('is run, previewed and shown from the command line, and doctor counts what is wrong', async () => {
    const env = { KENNEL_HOME: tenant.home };
    const passwordFile = join(tenant.home, 'password');
    writeFileSync(passwordFile, samba.adminPassword, { mode: 0o600 });
    const domain = ['--domain', 'corp.example.com', '--dns', samba.address];
    const credential = [
      '--domain-credential',
      'Administrator@corp.example.com',
      '--password-file',
      passwordFile,
    ];
    const run = (...args: string[]) => kennel([...args, '--json'], env);
    await samba.sambaTool('user', 'create', 'seen', PASSWORD);
    const preview = await run('sync', 'preview', ...domain, ...credential);
    expect(preview.json[0]?.changes).toContainEqual({
      what: 'add',
      kind: 'user',
      name: 'seen@corp.example.com',
    });
    expect(await names()).not.toContain('seen');
    expect(await run('sync', 'run', ...domain, ...credential)).toMatchObject({ exitCode: 0 });
    expect(await names()).toContain('seen');
    const status = await run('sync', 'status');
    expect(status.json[0]).toMatchObject({ domains: [{ dnsName: 'corp.example.com' }] });

    const examined = await run('doctor', ...domain, ...credential, '--user', 'seen');
    const found = (examined.json[0]?.findings ?? []) as Record<'check' | 'outcome' | 'fix', string>[]; // as doctor prints them
    const of = (outcome: string) => found.filter((each) => each.outcome === outcome);
    expect([...new Set(of('failed').map(({ check }) => check))].sort()).toEqual([
      'kerberos.domain', // nobody has made the Kerberos server objects here
      'kerberos.in-step',
      'user.key',
    ]);
    expect(examined.exitCode).toBe(of('failed').length);
    for (const { check, fix } of of('failed')) expect(fix, check).toBeTypeOf('string');
    expect(of('not-applicable').map(({ check }) => check)).toEqual(['dc.keylist']);
    expect(of('ok').map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'dns.srv',
        'port',
        'dc.answers',
        'dc.writable',
        'clock',
        'tls.certificate',
        'client',
        'sync',
        'user.synced',
      ]),
    );
  });

  it('opens the lock of the tenant with those of the domain, for one group by name, and shuts both', async () => {
    const env = { KENNEL_HOME: tenant.home };
    const where = ['--domain', 'corp.example.com', '--dns', samba.address, '--json'];
    const as = ['--domain-credential', 'Administrator@corp.example.com'];
    const run = (...args: string[]) =>
      kennel(
        ['kerberos-server', ...args, ...where, ...as, '--password-file', join(tenant.home, 'password')],
        env,
      );
    await samba.sambaTool('group', 'addmembers', 'Domain Admins', 'seen');
    await sync({ full: true });
    const refusal = async () => (await tenant.admin.users.account('seen'))?.ticketRefusal?.code;
    expect(await refusal()).toBe('tgt-protected-account');
    expect(await run('create')).toMatchObject({ exitCode: 0 });
    const letThrough = async () => (await tenant.admin.sync.domains())[0]?.allowedProtected;

    // AD's lists alone: it is said who goes on refusing
    await run('policy', 'allow', 'Domain Admins', '--yes', '--domain-only');
    expect(await run('policy', 'explain', 'seen')).toMatchObject({
      exitCode: 30,
      json: [{ ticket: true, tenantRefuses: true }],
    });
    expect(await refusal()).toBe('tgt-protected-account');

    const allowed = await run('policy', 'allow', 'Domain Admins', '--yes');
    expect(allowed, allowed.stdout).toMatchObject({ exitCode: 0, json: [{ tenant: 'reached' }] });
    expect(await refusal()).toBeUndefined();
    expect((await run('policy', 'show')).json).toMatchObject([
      { allowed: [{ name: 'Domain Admins' }], allowedByTenant: [{ name: 'CORP\\Domain Admins' }] },
    ]);
    await run('policy', 'deny', 'Domain Admins', '--yes');
    expect(await refusal()).toBe('tgt-protected-account');
    expect(await letThrough()).toEqual([]);

    // an ordinary group needs no second lock
    expect(await run('policy', 'allow', 'staff', '--yes')).toMatchObject({ exitCode: 0 });
    expect(await letThrough()).toEqual([]);
  });

  it('examines a device, a connector and a tenant at once: nothing is wrong, then AES and policy are', async () => {
    const plugged = await plugInKey(tenant.home, 'alice');
    await registerKey(tenant.admin, 'alice', plugged);
    const stateDir = join(tenant.home, 'device');
    const { key, pin } = plugged;
    await joinDevice({ stateDir, tenantUrl: tenant.url, caFile: tenant.ca, key, pin });
    const kdc = { host: samba.address, port: 88 };
    const { ticket } = await signIn({ stateDir, key, pin, kdc, ccache: join(tenant.home, 'cc') });
    await plugged.unplug();
    expect(ticket).toMatchObject({ state: 'full' });

    const as = ['--domain-credential', 'Administrator@corp.example.com'];
    const asWell = [...as, '--password-file', join(tenant.home, 'password')];
    const doctor = (...more: string[]) =>
      kennel(['doctor', '--dns', samba.address, '--user', 'alice@corp.example.com', ...asWell, ...more], {
        KENNEL_HOME: tenant.home,
      });
    const sound = await doctor();
    expect(sound, sound.stdout).toMatchObject({ exitCode: 0 });
    const { hostname, port } = new URL(tenant.url);
    for (const line of [
      /^ok {4}device\.joined .*: joined to /m,
      /^ok {4}device\.certificate .*: good for /m,
      /^ok {4}device\.prt +alice@corp\.example\.com: /m,
      /^ok {4}device\.ticket +alice@corp\.example\.com: has a ticket of CORP\.EXAMPLE\.COM/m,
      /^ok {4}kerberos\.aes +krbtgt: /m,
      /^ok {4}kerberos\.aes +krbtgt_\d+: /m,
      /^ok {4}kerberos\.aes +alice@corp\.example\.com: /m,
      /^ok {4}kerberos\.in-step +corp\.example\.com: /m,
      /^ok {4}user\.synced /m,
      /^ok {4}user\.domain-users /m,
      /^ok {4}user\.policy .*\(Domain Users\)/m,
      /^ok {4}user\.key /m,
      /^ok {4}tenant\.endpoint .*\/oauth2\/token: tokens/m,
      /^ok {4}tenant\.endpoint .*\/EnrollmentServer\/nonce/m,
      new RegExp(`^${hostname} +TCP ${port} +HTTPS: `, 'm'),
      new RegExp(`^${samba.fqdn} +UDP 389 `, 'm'),
      / 0 failures, /,
    ])
      expect(sound.stdout).toMatch(line);

    await samba.directory.modify(`dn: CN=alice,CN=Users,${BASE}
changetype: modify
replace: msDS-SupportedEncryptionTypes
msDS-SupportedEncryptionTypes: 4

dn: CN=Denied RODC Password Replication Group,CN=Users,${BASE}
changetype: modify
add: member
member: CN=alice,CN=Users,${BASE}
`);
    const ill = await doctor('--json');
    const found = (ill.json[0]?.findings ?? []) as Record<'check' | 'on' | 'outcome' | 'fix', string>[]; // as doctor prints them
    const failed = found.filter(({ outcome }) => outcome === 'failed');
    expect(failed, ill.stdout).toMatchObject([
      { check: 'kerberos.aes', on: 'alice@corp.example.com', fix: expect.stringContaining('24') },
      { check: 'user.policy', fix: expect.stringContaining('policy explain') },
    ]);
    expect(ill.exitCode).toBe(2);

    // Only the device is here: what it cannot know is not called wrong.
    const home = join(tenant.home, 'only-a-device');
    cpSync(stateDir, join(home, 'device'), { recursive: true });
    const alone = await kennel(['doctor', '--dns', samba.address, '--user', 'alice'], { KENNEL_HOME: home });
    expect(alone, alone.stdout).toMatchObject({ exitCode: 0 });
    expect(alone.stdout).toMatch(/^n\/a {3}user +alice: /m);
    expect(alone.stdout).toMatch(/^ok {4}dc\.writable +corp\.example\.com/m);
    expect(alone.stdout).not.toContain('TCP 389');
  });

  it('goes on as a service: through a tenant and a controller that are away, and after it was killed at work', async () => {
    const relay = await startRelay(Number(new URL(tenant.url).port));
    const home = join(tenant.home, 'service');
    const { token } = await tenant.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const place = { clientsDir: join(home, 'clients'), tenantUrl: `https://localhost:${relay.port}` };
    await enrolClient({ ...place, caFile: tenant.ca, name: 'service', token });
    const keytab = await samba.exportKeytab('plain');
    const domain = ['--domain', 'corp.example.com', '--dns', samba.address];
    const as = ['--domain-credential', 'plain@corp.example.com', '--keytab', keytab];
    const start = () => {
      const said = { results: 0, errors: [] as string[], stderr: '' };
      const child = startKennel(['connector', 'run', '--every', '1', ...domain, ...as, '--json'], {
        KENNEL_HOME: home,
      });
      child.stdout?.on('data', (chunk) => {
        said.results += jsonLines(String(chunk)).filter(({ mode }) => mode !== undefined).length;
      });
      child.stderr?.on('data', (chunk) => {
        said.stderr += chunk;
        said.errors = said.stderr.match(/"code":"[^"]+"/g) ?? [];
      });
      return { child, said };
    };
    const until = async (what: string, is: () => boolean | Promise<boolean>, pause = 100) => {
      const deadline = Date.now() + 45_000;
      while (!(await is())) {
        if (Date.now() > deadline) throw new Error(`${what} did not come; ${JSON.stringify(service.said)}`);
        await wait(pause);
      }
    };
    let service = start();
    try {
      await until('two runs', () => service.said.results >= 2);
      expect(service.said.errors).toEqual([]);

      await relay.shut();
      await until('a run without a tenant', () =>
        service.said.errors.includes('"code":"tenant-not-running"'),
      );
      await samba.sambaTool('user', 'create', 'meanwhile', PASSWORD);
      await relay.open();
      await until('what came meanwhile', async () => (await names()).includes('meanwhile'));

      await samba.pause();
      const { length: before } = service.said.errors;
      await until('a run without a controller', () => service.said.errors.length > before).finally(() =>
        samba.resume(),
      );
      const { results } = service.said;
      await until('a run after that', () => service.said.results > results);

      // Killed as soon as a run is under way.
      await samba.sambaTool('user', 'create', 'at-last', PASSWORD);
      const underWay = async () => (await tenant.admin.sync.runs(undefined, 1))[0]?.outcome === 'running';
      await until('a run under way', underWay, 0);
      expect(await stopProcess(service.child, 'SIGKILL')).toBeNull();
      expect((await tenant.admin.sync.runs(undefined, 1))[0]?.outcome).toBe('running');
      service = start();
      await until('the first run of the next', () => service.said.results > 0);
      expect(await names()).toContain('at-last');
      expect((await tenant.admin.sync.runs()).map(({ outcome }) => outcome)).toContain('interrupted');

      expect(await stopProcess(service.child, 'SIGTERM')).toBe(0);
      expect((await tenant.admin.sync.runs(undefined, 1))[0]?.outcome).toBe('completed');
    } finally {
      await stopProcess(service.child, 'SIGKILL');
      await relay.shut();
    }
    const asked = await kennel(['connector', 'run', ...domain, ...as.slice(0, 2)], { KENNEL_HOME: home });
    expect(asked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--keytab') });
  }, 180_000);

  it('says what is wrong with a credential, and with a controller that dies', async () => {
    await expect(
      openDomainSession({
        domain: 'corp.example.com',
        upn: 'plain@corp.example.com',
        password: 'wrong',
        dnsServers: [samba.address],
      }),
    ).rejects.toMatchObject({ code: 'password-wrong' });
  });
});
