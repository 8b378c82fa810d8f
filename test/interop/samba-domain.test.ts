/** The Samba domain that other interop tests stand on: MIT's clients and smbclient are its peers. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  openNamespace,
  readShareFile,
  runProgram,
  type SambaDomain,
  startSambaDomain,
} from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';

const PEERS = ['samba', 'namespaces', 'mit', 'smbclient'] as const;
const namespaceModule = new URL('../../packages/lab/src/samba/namespace.ts', import.meta.url).pathname;

/** The processes of this machine that are in a PID namespace. */
function processesIn(namespace: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/ns/pid`) === namespace;
    } catch {
      return false; // ended meanwhile
    }
  });
}
/** Every interface of this machine, those that are down too. */
const interfaces = () => readdirSync('/sys/class/net');
const namespaceOf = (pid: number) => readlinkSync(`/proc/${pid}/ns/pid`);

describe('a Samba domain in a namespace', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  const passwords = { alice: 'Alice!pass1', bob: 'Bob!pass12' };

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    domain = await startSambaDomain({
      groups: ['staff'],
      users: [
        { name: 'alice', password: passwords.alice, groups: ['staff'] },
        { name: 'bob', password: passwords.bob },
      ],
      shares: [{ name: 'team', allow: ['staff'], files: { 'plan.txt': 'the plan\n' } }],
    });
  });
  afterAll(async () => {
    await domain?.stop();
  });

  const ccacheOf = (name: string) => `FILE:${join(domain.workDir, `${name}.ccache`)}`;
  const mit = (name: string, command: string, args: string[], input = '') =>
    runProgram(command, args, {
      input,
      env: { ...process.env, KRB5_CONFIG: domain.krb5Conf, KRB5CCNAME: ccacheOf(name) },
    });
  const read = (name: string, share: string, file: string) => {
    const { address, fqdn, krb5Conf } = domain;
    return readShareFile({ address, fqdn, krb5Conf, share, file, ccache: ccacheOf(name) });
  };

  it('gives tickets to MIT clients of this machine', async () => {
    for (const [name, password] of Object.entries(passwords))
      await mit(name, 'kinit', [name], `${password}\n`);
    await expect(mit('alice', 'kinit', ['-c', 'MEMORY:', 'alice'], 'wrong\n')).rejects.toThrow(
      /Password incorrect/,
    );
    const { stdout } = await mit('alice', 'kvno', [`cifs/${domain.fqdn}`]);
    expect(stdout).toContain(`cifs/${domain.fqdn}@${domain.realm}: kvno = `);
  });

  it('admits Alice to the share, and not Bob', async () => {
    expect((await read('alice', 'team', 'plan.txt')).stdout).toContain('the plan');
    await expect(read('bob', 'team', 'plan.txt')).rejects.toThrow(/NT_STATUS_ACCESS_DENIED/);
  });

  it('holds the file to its NT ACL, not to the share alone', async () => {
    const { stdout } = await domain.sambaTool('ntacl', 'get', '--as-sddl', '/run/shares/team/plan.txt');
    expect(stdout).toContain(await domain.sidOf('staff'));
    expect(stdout).not.toContain(await domain.sidOf('bob'));
  });

  it('makes the Kerberos server object and exports its key', async () => {
    const objects = await domain.createKerberosServerObjects();
    const [user] = await domain.directory.search({ base: objects.userDn, scope: 'base' });
    expect(user?.attributes).toMatchObject({
      sAMAccountName: [`krbtgt_${objects.id}`],
      'msDS-SecondaryKrbTgtNumber': [String(objects.id)],
      userAccountControl: ['514'],
    });
    const [computer] = await domain.directory.search({ base: objects.computerDn, scope: 'base' });
    expect(computer?.attributes).toMatchObject({
      sAMAccountName: ['AzureADKerberos$'],
      primaryGroupID: ['521'],
      userAccountControl: ['83890176'],
      'msDS-KrbTgtLink': [objects.userDn],
      'msDS-RevealOnDemandGroup': [`CN=Domain Users,CN=Users,${domain.baseDn}`],
    });
    expect(computer?.attributes['msDS-NeverRevealGroup']).toHaveLength(5);
    const [point] = await domain.directory.search({ base: objects.connectionPointDn, scope: 'base' });
    expect(point?.attributes.keywords).toContain(`Id=${objects.id}`);

    // klist shows the number as it is stored: signed, negative for an id of 32768 and more.
    const keys = execFileSync('klist', ['-ke', objects.keytab]).toString();
    const version = Number(/(-?\d+) krbtgt_\d+@\S+ \(aes256-cts-hmac-sha1-96\)/.exec(keys)?.[1]);
    expect(version >>> 16).toBe(objects.id);
    expect(version & 0xffff).toBe(1);
    await expect(domain.exportKeytab('krbtgt_AzureAD')).rejects.toMatchObject({ code: 'no-keytab' });
  });

  it('is unreachable while paused and answers again afterwards', async () => {
    await domain.pause();
    const started = performance.now();
    const { ccache, krb5Conf } = { ccache: ccacheOf('alice'), krb5Conf: domain.krb5Conf };
    const { address, fqdn } = domain;
    await expect(
      readShareFile({ address, fqdn, krb5Conf, ccache, share: 'team', file: 'plan.txt' }),
    ).rejects.toThrow(/NT_STATUS_(HOST_UNREACHABLE|IO_TIMEOUT)/);
    expect(performance.now() - started).toBeLessThan(10_000);
    await domain.resume();
    expect((await read('alice', 'team', 'plan.txt')).stdout).toContain('the plan');
  });

  it('says what Samba said when an account cannot be made', async () => {
    await expect(domain.sambaTool('user', 'create', 'carol', 'short')).rejects.toThrow(/password/i);
    await expect(domain.sidOf('carol')).rejects.toMatchObject({ code: 'unknown-account' });
  });

  it('leaves no process, no interface and no folder when it is stopped', async () => {
    const namespace = namespaceOf(domain.namespace.pid);
    const { interfaceName } = domain.namespace;
    expect(processesIn(namespace).length).toBeGreaterThan(10);
    expect(interfaces()).toContain(interfaceName);
    await domain.stop();
    expect(processesIn(namespace)).toEqual([]);
    expect(interfaces()).not.toContain(interfaceName);
    expect(existsSync(domain.workDir)).toBe(false);
  });
});

describe('a domain that Samba refuses to make', () => {
  const it = withPeers(...PEERS);

  it('is explained in the words of Samba, and leaves nothing', async () => {
    await expect(startSambaDomain({ realm: 'CORP', netbiosName: 'CORP' })).rejects.toMatchObject({
      code: 'provision-failed',
      message: expect.stringMatching(/must not be equal to short domain name/),
    });
    // Other tests have namespaces of their own: only the children of this process count.
    expect(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')).toBe('');
  });
});

describe('a namespace', () => {
  const it = withPeers('namespaces');

  it('is gone with the process that opened it, however that ended', async () => {
    const script = `
      import { openNamespace } from ${JSON.stringify(namespaceModule)};
      import { openSync } from 'node:fs';
      const { pid, interfaceName, start } = await openNamespace();
      start('sleep', ['600'], { env: process.env, logFd: openSync('/dev/null', 'w') });
      console.log(JSON.stringify({ pid, interfaceName }));
      setInterval(() => undefined, 1000);`;
    const opener = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
    const [line] = await once(opener.stdout, 'data');
    const { pid, interfaceName } = JSON.parse(String(line));
    const namespace = namespaceOf(pid);
    await expect.poll(() => processesIn(namespace).length, { timeout: 5000 }).toBe(2);
    opener.kill('SIGKILL');
    await expect.poll(() => processesIn(namespace), { timeout: 5000 }).toEqual([]);
    await expect.poll(interfaces, { timeout: 5000 }).not.toContain(interfaceName);
  });

  it('stands beside others, each with an address of its own', async () => {
    const [a, b] = await Promise.all([openNamespace(), openNamespace()]);
    try {
      expect(a.address).not.toBe(b.address);
      const { stdout } = await b.run('ip', ['-brief', 'address']);
      expect(stdout).toContain(b.address);
      expect(stdout).not.toContain(a.address);
    } finally {
      await Promise.all([a.close(), b.close()]);
    }
  });
});
