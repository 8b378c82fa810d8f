/** The command line as an administrator and a person use it, each step a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeKeytab, principal } from '@kennel/kerberos';
import { type LabDomain, startLabDomain } from '@kennel/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KennelResult, kennel, startKennel, stopProcess } from '../support/kennel.ts';

const home = mkdtempSync(join(tmpdir(), 'kennel-cli-'));
const env = { KENNEL_HOME: home };
const file = (name: string) => join(home, name);
const run = (...args: string[]) => kennel(args, env);
const running: ChildProcess[] = [];
let domain: LabDomain;
let url: string;

/** Runs a command that must end with 0, and gives its JSON. */
async function done(...args: string[]): Promise<Record<string, unknown>> {
  const result = await run(...args, '--json');
  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode: 0 });
  return result.json[0] ?? {};
}

/** What a refusal is to look like: its exit code, its code, a message and what to do next. */
function expectRefusal(result: KennelResult, exitCode: number, code: string): void {
  expect(result, result.stdout + result.stderr).toMatchObject({ exitCode });
  const { error, ticket } = result.json[0] ?? {};
  expect(error ?? ticket).toMatchObject({ code, message: expect.stringMatching(/^\S.{10,}\.$/s) });
}

const pin = (...args: string[]) => [...args, '--pin-file', file('pin')];
const signIn = (...more: string[]) =>
  run(
    'signin',
    ...pin(),
    '--kdc',
    `${domain.kdc.host}:${domain.kdc.port}`,
    '--ccache',
    file('cc'),
    '--json',
    ...more,
  );

async function untilUp(...args: string[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  while ((await run(...args)).exitCode !== 0)
    if (Date.now() > deadline) throw new Error(`${args.join(' ')} did not come up`);
}

beforeAll(async () => {
  domain = await startLabDomain();
  writeFileSync(file('pin'), '271828\n');
  writeFileSync(file('wrong-pin'), '000000\n');
});
afterAll(async () => {
  for (const child of running) await stopProcess(child);
  await domain.close();
  rmSync(home, { recursive: true });
});

describe('kennel', () => {
  it('says what to do while there is no tenant', async () => {
    expectRefusal(await run('status', '--json'), 3, 'tenant-not-running');
    expectRefusal(await run('serve', '--json'), 6, 'config-missing');
    expectRefusal(await run('signin', ...pin(), '--json'), 10, 'not-joined'); // before a key is looked for
    expectRefusal(await run('key', 'info', '--json'), 20, 'key-unreachable');
    // An id may begin with a hyphen, and is no option then; what is too much is told all the same.
    expectRefusal(
      await run('key', 'remove', '-takCHJg', '--user', 'alice', '--json'),
      3,
      'tenant-not-running',
    );
    expect((await run('key', 'remove', 'abc', 'def', '--user', 'alice')).exitCode).toBe(2);
    expect((await run('nonsense')).exitCode).toBe(2);
    expect(await run('user', 'create', '--help')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('kennel user create alice'),
    });
    expect((await run('user', 'create')).exitCode).toBe(2);
  });

  it('makes a tenant, a user, a key and a device, and signs in', async () => {
    await done('init', '--host-name', 'localhost', '--listen', '127.0.0.1:0', '--lab');
    running.push(startKennel(['serve'], env), startKennel(['software-key', 'serve'], env));
    await untilUp('status');
    await untilUp('key', 'info');
    ({ url } = (await done('status')) as { url: string }); // the status has a url
    await done('key', 'set-pin', ...pin());

    const { directory } = domain;
    const { key, kvno } = directory.createKerberosServerObjects();
    writeFileSync(file('empty.keytab'), '');
    writeFileSync(
      file('krbtgt.keytab'),
      encodeKeytab([
        {
          realm: directory.realm,
          name: principal('krbtgt_1'),
          timestamp: new Date(),
          kvno,
          etype: key.etype,
          key: key.value,
        },
      ]),
    );
    const importKeytab = (name: string) =>
      run('kerberos-server', 'import', '--keytab', file(name), '--domain-sid', directory.domainSid, '--json');
    expectRefusal(await importKeytab('empty.keytab'), 8, 'keytab-empty');
    expectRefusal(await importKeytab('missing.keytab'), 2, 'file-unreadable');
    expect(await importKeytab('krbtgt.keytab')).toMatchObject({ exitCode: 0 });
    expect((await run('kerberos-server', 'list', '--json')).stdout).not.toContain(
      Buffer.from(key.value).toString('base64'),
    );

    const sid = directory.addUser({ samAccountName: 'alice' });
    await done(
      'user',
      'create',
      'alice@corp.example.com',
      '--sid',
      sid,
      '--sam-account-name',
      'alice',
      '--domain',
      'corp.example.com',
    );
    await done('key', 'register', '--user', 'alice', ...pin());
    await done(
      'device',
      'join',
      '--tenant',
      url,
      '--ca',
      file('tenant/tls/ca.pem'),
      '--name',
      'desk',
      ...pin(),
    );
    const result = await signIn();
    expect(result, result.stdout + result.stderr).toMatchObject({
      exitCode: 0,
      json: [{ ticket: { state: 'full', realm: 'CORP.EXAMPLE.COM' } }],
    });
    expect(await done('tickets')).toMatchObject({
      tickets: [{ server: 'krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM' }],
    });
    expect(await done('tickets', 'krb5-conf')).toMatchObject({ realms: ['CORP.EXAMPLE.COM'] });
    const kirbi = file('alice.kirbi');
    expect(await done('tickets', 'export', '--kirbi', kirbi)).toMatchObject({ path: kirbi });
    expect((await run('device', 'status')).stdout).toMatch(/AzureADJoined: YES[\s\S]*OnPremTgt: YES/);
    expect((await run('audit', 'verify')).stdout).toContain('intact');
  });

  it('ends with an exit code of its own for each refusal of the domain', async () => {
    const { directory } = domain;
    const state = async (change: Parameters<typeof directory.setUser>[1], exitCode: number, code: string) => {
      directory.setUser('alice', change);
      expectRefusal(await signIn(), exitCode, code);
      directory.setUser('alice', {
        enabled: true,
        lockedOut: false,
        mustChangePassword: false,
        expiresAt: new Date(Date.now() + 86_400_000),
        primaryGroup: 513,
      });
    };
    await state({ primaryGroup: 514 }, 30, 'dc-denied');
    await state({ enabled: false }, 31, 'dc-account-disabled');
    await state({ lockedOut: true }, 32, 'dc-account-locked');
    await state({ expiresAt: new Date(0) }, 33, 'dc-account-expired');
    await state({ mustChangePassword: true }, 34, 'dc-password-must-change');
    expectRefusal(await signIn('--kdc', '127.0.0.1:9'), 37, 'dc-unreachable');
    expect(await run('tickets', '--kdc', `${domain.kdc.host}:${domain.kdc.port}`)).toMatchObject({
      exitCode: 0,
    });
  });

  it('ends with an exit code of its own for each refusal of the tenant and of the key', async () => {
    const [device] = (await run('device', 'list', '--json')).json as unknown as { id: string }[][]; // the list is one line
    const id = device?.[0]?.id ?? '';
    await done('device', 'disable', id);
    expectRefusal(await signIn(), 11, 'device-disabled');
    await done('device', 'enable', id);
    await done('user', 'disable', 'alice');
    expectRefusal(await signIn(), 17, 'user-disabled');
    await done('user', 'enable', 'alice');
    const wrong = () => run('signin', '--pin-file', file('wrong-pin'), '--json');
    expectRefusal(await wrong(), 21, 'pin-invalid');
    expectRefusal(await wrong(), 21, 'pin-invalid');
    expectRefusal(await wrong(), 22, 'pin-auth-blocked');
    const [serve, softwareKey] = running.splice(0);
    if (!serve || !softwareKey) throw new Error('nothing runs');
    expect(await stopProcess(softwareKey)).toBe(0);
    running.push(serve, startKennel(['software-key', 'serve'], env));
    await untilUp('key', 'info');
    await done('kerberos-server', 'remove', '--domain', 'corp.example.com', '--keep-domain-objects', '--yes');
    expectRefusal(await signIn(), 40, 'no-kerberos-key');
    const [keys] = (await run('key', 'list', '--user', 'alice', '--json')).json as unknown as {
      id: string;
    }[][]; // the list is one line
    await done('key', 'remove', '--user', 'alice', keys?.[0]?.id ?? '');
    expectRefusal(await signIn(), 16, 'key-removed');
    expect(await stopProcess(serve)).toBe(0);
    expectRefusal(await signIn(), 3, 'tenant-unreachable');
  });
});
