/** kennel kerberos-server create and get against a real Samba AD DC: made, published, in step; then the key changes. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { kennel, startKennel, stopProcess } from '../support/kennel.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const home = mkdtempSync(join(tmpdir(), 'kennel-server-'));
const env = { KENNEL_HOME: home };
const file = (name: string) => join(home, name);

describe('kennel kerberos-server on a Samba domain', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  let serve: ChildProcess | undefined;

  const run = (
    verb: string,
    { group = 'kerberos-server', user = 'Administrator', password = 'password', more = [] as string[] } = {},
  ) =>
    kennel(
      [
        group,
        verb,
        ...more,
        '--domain',
        'corp.example.com',
        '--domain-credential',
        `${user}@corp.example.com`,
        '--password-file',
        file(password),
        '--dns',
        domain.address,
        '--json',
      ],
      env,
    );

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    domain = await startTestDomain({
      users: [
        { name: 'alice', password: 'Alice!pass1' },
        { name: 'bob', groups: ['Domain Admins'] },
      ],
    });
    writeFileSync(file('password'), `${domain.adminPassword}\n`);
    writeFileSync(file('alice'), 'Alice!pass1\n');
    await kennel(['init', '--host-name', 'localhost', '--listen', '127.0.0.1:0'], env);
  });
  afterAll(async () => {
    if (serve) await stopProcess(serve);
    await domain?.stop();
    rmSync(home, { recursive: true });
  });

  it('makes nothing in AD while the tenant does not run', async () => {
    expect(await run('create')).toMatchObject({
      exitCode: 3,
      json: [{ error: { code: 'tenant-not-running' } }],
    });
    expect(await domain.directory.search({ filter: '(cn=krbtgt_AzureAD)', attributes: ['cn'] })).toHaveLength(
      0,
    );
  });

  it('makes the objects, publishes their key, and finds both sides in step', async () => {
    serve = startKennel(['serve'], env);
    while ((await kennel(['status'], env)).exitCode !== 0) expect(serve.exitCode).toBeNull();
    expect(await run('get')).toMatchObject({ exitCode: 51, json: [{ verdict: 'absent-in-domain' }] });
    const created = await run('create');
    expect(created, created.stdout).toMatchObject({ exitCode: 0 });
    expect(await run('create')).toMatchObject({ exitCode: 0, json: [{ objects: { created: [] } }] });
    const { exitCode, json } = await run('get');
    expect(exitCode).toBe(0);
    const [shown = {}] = json;
    expect(Object.keys(shown)).toEqual([
      ...['Id', 'UserAccount', 'ComputerAccount', 'DisplayName', 'DomainDnsName'],
      ...['KeyVersion', 'KeyUpdatedOn', 'KeyUpdatedFrom'],
      ...[
        'CloudDisplayName',
        'CloudDomainDnsName',
        'CloudId',
        'CloudKeyVersion',
        'CloudKeyUpdatedOn',
        'CloudTrustDisplay',
      ],
      ...[
        'CloudPendingKeyVersion',
        'KeyAgeInDays',
        'DomainKrbtgtUpdatedOn',
        'DomainKrbtgtAgeInDays',
        'verdict',
      ],
    ]);
    expect(shown).toMatchObject({
      ...{ CloudId: shown.Id, CloudKeyVersion: shown.KeyVersion, CloudKeyUpdatedOn: shown.KeyUpdatedOn },
      ...{ KeyUpdatedFrom: domain.fqdn, verdict: 'in-step' },
    });
  });

  it('sees that the key changed in AD, and publishes the new one', async () => {
    const [shown = {}] = (await run('get')).json;
    await domain.sambaTool(
      'user',
      'setpassword',
      String(shown.DisplayName),
      '--newpassword=Ignored-by-the-DC-1',
    );
    expect(await run('get')).toMatchObject({ exitCode: 50, json: [{ verdict: 'out-of-step' }] });
    expect(await run('create')).toMatchObject({ exitCode: 0 });
    const overNtlm = await run('get', { more: ['--ntlm'] });
    expect(overNtlm).toMatchObject({ exitCode: 0, json: [{ verdict: 'in-step' }] });
    expect(overNtlm.stderr).toContain('WARNING: --ntlm');
  });

  it('says whom it may sign for, and changes that for one group at a time', async () => {
    const policy = (...args: string[]) => run('policy', { more: args });
    expect(await policy('explain', 'alice')).toMatchObject({
      exitCode: 0,
      json: [{ ticket: true, because: 'allowed', decidedBy: { name: 'Domain Users' } }],
    });
    expect(await policy('explain', 'bob')).toMatchObject({ exitCode: 30, json: [{ ticket: false }] });
    expect(await policy('explain', 'nobody')).toMatchObject({
      exitCode: 58,
      json: [{ error: { code: 'account-not-found' } }],
    });
    expect(await policy('explain')).toMatchObject({ exitCode: 2 });
    expect(await policy('allow', 'Domain Admins')).toMatchObject({ exitCode: 2 }); // nobody to ask
    const allowed = await policy('allow', 'Domain Admins', '--yes', '--ldaps', '--ca', domain.caFile);
    expect(allowed, allowed.stdout).toMatchObject({
      exitCode: 0,
      json: [{ nowAllowed: [{ name: 'bob' }], nowDenied: [] }],
    });
    const blast = await policy('explain', '--blast-radius');
    // Samba's own tool enabled the krbtgt account when it set its password above.
    expect(blast.json).toMatchObject([{ protected: [{ name: 'bob' }], others: [{ name: 'alice' }, {}] }]);
    const denied = await policy('deny', 'Domain Admins', '--yes');
    expect(denied.json).toMatchObject([{ nowAllowed: [], nowDenied: [{ name: 'bob' }] }]);
    expect((await policy('show')).json).toMatchObject([{ allowed: [], never: { length: 5 } }]);
    expect(
      await run('policy', { user: 'alice', password: 'alice', more: ['deny', 'Domain Guests', '--yes'] }),
    ).toMatchObject({ exitCode: 43, json: [{ error: { code: 'access-denied' } }] });
  });

  it('tells the computers of the forest which tenant is theirs, and leaves that of another tenant alone', async () => {
    const hybrid = (verb: string, more: string[] = []) => run(verb, { group: 'hybrid', more });
    expect(await hybrid('show')).toMatchObject({ exitCode: 0, stdout: 'null\n' });
    const { json } = await hybrid('configure', ['--tenant-name', 'example.com']);
    const [{ tenantId } = {}] = (await kennel(['status', '--json'], env)).json;
    const dn = `CN=62a0ff2e-97b9-4513-943f-0d221bd30080,CN=Device Registration Configuration,CN=Services,CN=Configuration,${domain.baseDn}`;
    expect(json).toMatchObject([{ changed: true, dn, tenantId }]);
    const [point] = await domain.directory.search({ base: dn, scope: 'base', attributes: ['keywords'] });
    expect(point?.attributes.keywords).toEqual(
      expect.arrayContaining([`azureADId:${tenantId}`, 'azureADName:example.com']),
    );
    expect((await hybrid('configure', ['--tenant-name', 'example.com'])).json).toMatchObject([
      { changed: false },
    ]);
    await domain.directory.modify(
      `dn: ${dn}\nchangetype: modify\nreplace: keywords\nkeywords: azureADId:11111111-2222-3333-4444-555555555555\nkeywords: azureADName:other.example\n`,
    );
    expect(await hybrid('configure')).toMatchObject({
      exitCode: 44,
      json: [{ error: { code: 'hybrid-tenant-differs' } }],
    });
    expect(await hybrid('configure', ['--replace'])).toMatchObject({ exitCode: 0 });
    expect((await hybrid('show')).json).toMatchObject([{ tenantId, name: 'localhost' }]);
    expect(await hybrid('remove', ['--yes'])).toMatchObject({ exitCode: 0, json: [{ removed: true }] });
  });

  it('tells a wrong password from one who may not', async () => {
    expect(await run('get', { password: 'alice' })).toMatchObject({
      exitCode: 43,
      json: [{ error: { code: 'password-wrong' } }],
    });
    expect(
      await run('create', { user: 'alice', password: 'alice', more: ['--object-name', 'Alices'] }),
    ).toMatchObject({ exitCode: 43, json: [{ error: { code: 'access-denied' } }] });
    expect(await run('get', { user: 'alice', password: 'alice' })).toMatchObject({
      exitCode: 43,
      json: [{ error: { code: 'access-denied' } }],
    });
  });
});
