/**
 * The whole way on a real Samba AD domain controller: a security key opens a file share; and everyone who is to
 * be refused is, each with a reason of its own.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DeviceErrorCode,
  fetchTickets,
  joinDevice,
  type SignInResult,
  signIn,
  signInAnywhere,
} from '@kennel/device';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { readDevice, writeDevice } from '../../packages/device/src/state/device.ts';
import { readShareFile, runProgram, type SambaDomain } from '../../packages/lab/src/samba/index.ts';
import {
  enrolUser,
  plugInKey,
  registerKey,
  type ScriptedUser,
} from '../../packages/lab/src/scripted-user.ts';
import { type LabTenant, publishKeytab, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces', 'mit', 'smbclient'] as const;
const NAMES = ['alice', 'bob', 'disabled', 'locked', 'expired', 'must-change', 'denied', 'outsider'] as const;
type Name = (typeof NAMES)[number];
const FILETIME_OF_2020 = '132223104000000000';
const FILETIME_NOW = String(BigInt(Date.now()) * 10_000n + 116_444_736_000_000_000n);
const TEN_MINUTES = 600_000;

describe('signing in with a security key on a Samba domain', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  let tenant: LabTenant;
  let keytab: string;
  const users = new Map<Name, ScriptedUser>();
  const cleanUp: (() => Promise<unknown>)[] = [];

  const user = (name: Name) => {
    const found = users.get(name);
    if (!found) throw new Error(`${name} is not enrolled`);
    return found;
  };
  const ccache = (name: string) => join(tenant.home, `${name}.ccache`);
  const join1 = (stateDir: string, by: ScriptedUser, where = tenant) =>
    joinDevice({ stateDir, tenantUrl: where.url, caFile: where.ca, key: by.key, pin: by.pin });
  const device = () => join(tenant.home, 'device');
  const attempt = (name: Name, stateDir = device()): Promise<SignInResult> =>
    signIn({
      stateDir,
      key: user(name).key,
      pin: user(name).pin,
      kdc: { host: domain.address, port: 88 },
      ccache: ccache(name),
    });
  const mit = (name: string, command: string, args: string[] = []) =>
    runProgram(command, args, {
      env: { ...process.env, KRB5_CONFIG: domain.krb5Conf, KRB5CCNAME: `FILE:${ccache(name)}` },
    });
  const readPlan = (name: string) =>
    readShareFile({
      address: domain.address,
      fqdn: domain.fqdn,
      krb5Conf: domain.krb5Conf,
      share: 'team',
      file: 'plan.txt',
      ccache: `FILE:${ccache(name)}`,
    });
  const enrol = async (name: Name, where = tenant) =>
    enrolUser({
      admin: where.admin,
      home: where.home,
      name,
      sid: await domain.sidOf(name),
      dnsDomainName: 'corp.example.com',
    });

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    domain = await startTestDomain({
      users: NAMES.map((name) => ({
        name,
        ...(name === 'denied' ? { groups: ['Domain Admins'] } : {}),
        ...(name === 'outsider' ? { groups: ['Domain Guests'] } : {}),
        ...(name === 'expired' ? { attributes: { accountExpires: FILETIME_OF_2020 } } : {}),
        ...(name === 'disabled' ? { attributes: { userAccountControl: '514' } } : {}),
      })),
      shares: [{ name: 'team', allow: ['alice'], files: { 'plan.txt': 'the plan\n' } }],
    });
    cleanUp.push(() => domain.stop());
    const modify = (name: Name, lines: string) =>
      domain.directory.modify(`dn: CN=${name},CN=Users,${domain.baseDn}\nchangetype: modify\n${lines}\n`);
    await modify('must-change', 'replace: pwdLastSet\npwdLastSet: 0');
    await modify('locked', `replace: lockoutTime\nlockoutTime: ${FILETIME_NOW}`);
    await modify('outsider', 'replace: primaryGroupID\nprimaryGroupID: 514');
    await domain.sambaTool('group', 'removemembers', 'Domain Users', 'outsider');
    tenant = await startLabTenant();
    cleanUp.push(() => tenant.close());
    ({ keytab } = await domain.createKerberosServerObjects());
    await publishKeytab(tenant.admin, keytab, domain);
    for (const name of NAMES) {
      users.set(name, await enrol(name));
      cleanUp.push(user(name).unplug);
    }
    await join1(device(), user('alice'));
  });
  afterAll(async () => {
    for (const step of cleanUp.reverse()) await step();
  });

  it('opens a file share for Alice and not for Bob, with tickets that every Kerberos program reads', async () => {
    for (const name of ['alice', 'bob'] as const)
      expect((await attempt(name)).ticket).toMatchObject({ state: 'full', realm: 'CORP.EXAMPLE.COM' });
    const { stdout: listed } = await mit('alice', 'klist', ['-ef']);
    expect(listed).toContain('Default principal: alice@CORP.EXAMPLE.COM');
    expect(listed).toContain('krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM');
    expect(listed).toContain('aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96');
    expect((await mit('alice', 'kvno', [`cifs/${domain.fqdn}`])).stdout).toContain('kvno = 1');
    expect((await readPlan('alice')).stdout).toBe('the plan\n');
    await expect(readPlan('bob')).rejects.toMatchObject({
      details: { stdout: expect.stringContaining('NT_STATUS_ACCESS_DENIED') },
    });
  });

  it('opens the share without the tenant, and without a domain controller signs in all the same', async () => {
    const stateDir = join(tenant.home, 'away');
    cpSync(device(), stateDir, { recursive: true });
    const record = readDevice(stateDir);
    writeDevice(stateDir, {
      ...record,
      tenant: { ...record.tenant, tokenEndpoint: 'https://localhost:1/common/oauth2/token' },
    });
    const { key, pin } = user('alice');
    const unlocked = () => signInAnywhere({ stateDir, key, pin, ccache: ccache('away') });
    expect(await unlocked()).toMatchObject({
      mode: 'offline',
      user: { upn: 'alice@corp.example.com' },
      ticket: { state: 'full' },
    });
    expect((await mit('away', 'kvno', [`cifs/${domain.fqdn}`])).stdout).toContain('kvno = 1');
    expect((await readPlan('away')).stdout).toBe('the plan\n');
    await domain.pause();
    expect(await unlocked().finally(() => domain.resume())).toMatchObject({ mode: 'offline' });
  });

  it.each<[Name, DeviceErrorCode]>([
    ['disabled', 'dc-account-disabled'],
    ['locked', 'dc-account-locked'],
    ['expired', 'dc-account-expired'],
    ['must-change', 'dc-password-must-change'],
    ['denied', 'dc-denied'],
    ['outsider', 'dc-denied'],
  ])('signs %s in and gives no ticket: %s', async (name, code) => {
    const { ticket, user: who } = await attempt(name);
    expect(who.upn).toBe(`${name}@corp.example.com`);
    expect(ticket).toMatchObject({ state: 'none', code, next: expect.any(String) });
  });

  it('keeps the Primary Refresh Token while the domain controller is down, and fetches the ticket later', async () => {
    await domain.pause();
    const { ticket } = await attempt('bob').finally(() => domain.resume());
    expect(ticket).toMatchObject({ state: 'none', code: 'dc-unreachable' });
    const later = await fetchTickets({
      stateDir: device(),
      user: 'bob@corp.example.com',
      kdc: { host: domain.address, port: 88 },
    });
    expect(later).toMatchObject({ state: 'full' });
  });

  it('says so when the SID is not of the domain, and when the domain has no key', async () => {
    const sid = await domain.sidOf('alice');
    await tenant.admin.kerberosDomains.remove('corp.example.com');
    expect((await attempt('alice')).ticket).toMatchObject({ state: 'none', code: 'no-kerberos-key' });
    await tenant.admin.users.update('alice', { onPremisesSecurityIdentifier: 'S-1-5-21-9-9-9-1104' });
    await publishKeytab(tenant.admin, keytab, domain);
    expect((await attempt('alice')).ticket).toMatchObject({ state: 'none', code: 'sid-outside-domain' });
    await tenant.admin.users.update('alice', { onPremisesSecurityIdentifier: sid });
    expect((await attempt('alice')).ticket).toMatchObject({ state: 'full' });
  });

  it('tells clocks of tenant and domain controller apart', async () => {
    const ahead = await startLabTenant({ now: () => new Date(Date.now() + TEN_MINUTES) });
    try {
      await publishKeytab(ahead.admin, keytab, domain);
      const alice = await enrol('alice', ahead);
      const stateDir = join(ahead.home, 'device');
      await join1(stateDir, alice, ahead);
      const result = await signIn({
        stateDir,
        key: alice.key,
        pin: alice.pin,
        kdc: { host: domain.address, port: 88 },
        ccache: join(ahead.home, 'cc'),
      });
      await alice.unplug();
      expect(result.ticket).toMatchObject({ state: 'none', code: 'dc-clock-skew' });
    } finally {
      await ahead.close();
    }
  });

  it("compensates the device's own clock", async () => {
    const now = () => new Date(Date.now() - TEN_MINUTES);
    const { key, pin } = user('alice');
    const { ticket } = await signIn({
      stateDir: device(),
      key,
      pin,
      kdc: { host: domain.address, port: 88 },
      ccache: ccache('alice'),
      now,
    });
    expect(ticket).toMatchObject({ state: 'full' });
    expect(ticket.state === 'full' && Math.abs(ticket.kdcTimeOffset - TEN_MINUTES)).toBeLessThan(5000);
  });

  it('refuses a wrong PIN, blocks softly after three, and for good after eight', async () => {
    const plugged = await plugInKey(tenant.home, 'spare');
    await registerKey(tenant.admin, 'bob', plugged);
    const wrong = (key = plugged.key) =>
      signIn({ stateDir: device(), key, pin: '000000', kdc: { host: domain.address, port: 88 } });
    await expect(wrong()).rejects.toMatchObject({
      code: 'pin-invalid',
      message: expect.stringContaining('7'),
    });
    await expect(wrong()).rejects.toMatchObject({ code: 'pin-invalid' });
    await expect(wrong()).rejects.toMatchObject({ code: 'pin-auth-blocked' });
    await plugged.unplug();
    for (let tries = 3; tries < 8; ) {
      const again = await plugInKey(tenant.home, 'spare');
      for (let i = 0; i < 3 && tries < 8; i++, tries++)
        await expect(wrong(again.key)).rejects.toMatchObject({
          code: tries === 7 ? 'pin-blocked' : i === 2 ? 'pin-auth-blocked' : 'pin-invalid',
        });
      if (tries === 8) await expect(wrong(again.key)).rejects.toMatchObject({ code: 'pin-blocked' });
      await again.unplug();
    }
  });

  it('refuses a removed key, a disabled user, a disabled device and an old certificate', async () => {
    const second = join(tenant.home, 'second');
    const joined = await join1(second, user('bob'));
    if (!joined.joined) throw new Error('the second device did not join');
    const { id } = joined.device;
    const old = join(tenant.home, 'second-before');
    cpSync(second, old, { recursive: true });
    await join1(second, user('bob'));
    await expect(attempt('bob', old)).rejects.toMatchObject({ code: 'certificate-superseded' });
    expect((await attempt('bob', second)).ticket).toMatchObject({ state: 'full' });
    await tenant.admin.devices.disable(id);
    await expect(attempt('bob', second)).rejects.toMatchObject({ code: 'device-disabled' });
    await tenant.admin.users.disable('bob');
    await expect(attempt('bob')).rejects.toMatchObject({ code: 'user-disabled' });
    await tenant.admin.users.enable('bob');
    for (const key of await tenant.admin.keys.list('bob')) await tenant.admin.keys.remove('bob', key.id);
    await expect(attempt('bob')).rejects.toMatchObject({ code: 'key-removed' });
  });
});
