/**
 * Hybrid join on a real domain: Samba's own `net ads join` makes the machine a member with a keytab, the machine writes
 * its certificate, sync announces it, it registers itself; then a synced user's security key opens a share on it.
 */
import { X509Certificate } from 'node:crypto';
import { chmodSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  configureHybridTenant,
  type DomainSession,
  openDomainSession,
  openSource,
  runSync,
  type SyncTarget,
} from '@kennel/active-directory';
import { readComputer } from '@kennel/active-directory/hybrid';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  type DomainMember,
  joinMachine,
  readShareFile,
  type SambaDomain,
} from '../../packages/lab/src/samba/index.ts';
import { plugInKey, registerKey, type ScriptedUser } from '../../packages/lab/src/scripted-user.ts';
import { kennel } from '../support/kennel.ts';
import { type LabTenant, publishKeytab, startLabTenant } from '../support/lab-tenant.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces', 'smbclient'] as const;
const UPN = 'alice@corp.example.com';

describe('a computer of a Samba domain as a device of the tenant', () => {
  const it = withPeers(...PEERS);
  let samba: SambaDomain;
  let tenant: LabTenant;
  let target: SyncTarget;
  let machine: DomainMember;
  let guid: string;
  let alice: Pick<ScriptedUser, 'key' | 'pin' | 'keySocket' | 'unplug'>;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    samba = await startTestDomain({
      users: [{ name: 'alice' }],
      shares: [{ name: 'team', allow: ['alice'], files: { 'plan.txt': 'the plan\n' } }],
    });
    tenant = await startLabTenant();
    const { keytab } = await samba.createKerberosServerObjects();
    await publishKeytab(tenant.admin, keytab, samba);
    const { token } = await tenant.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const clientsDir = join(tenant.home, 'clients');
    const given = { clientsDir, tenantUrl: tenant.url, caFile: tenant.ca, name: 'connector', token };
    target = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
    machine = await joinMachine(samba, 'WS1');
  });
  afterAll(async () => {
    await alice?.unplug();
    await tenant?.close();
    await samba?.stop();
  });

  async function asAdministrator<T>(use: (session: DomainSession) => Promise<T>): Promise<T> {
    const session = await openDomainSession({
      domain: 'corp.example.com',
      upn: 'Administrator@corp.example.com',
      password: samba.adminPassword,
      dnsServers: [samba.address],
    });
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }
  const sync = () =>
    asAdministrator(async ({ directory }) =>
      runSync({
        source: await openSource(directory, 'corp.example.com', {}),
        target,
        netbiosName: 'CORP',
      }),
    );
  const home = (name: string) => join(tenant.home, name);
  /** The command on the machine, with a state directory of this name. */
  const at = (name: string, ...args: string[]) =>
    kennel([...args, '--json'], {
      KENNEL_HOME: home(name),
      KRB5_KTNAME: `FILE:${machine.keytab}`,
      SMB_CONF_PATH: machine.smbConf,
    });
  const joinHybrid = (name: string, ...more: string[]) =>
    at(
      name,
      'device',
      'join',
      '--hybrid',
      '--dns',
      samba.address,
      '--ca',
      tenant.ca,
      '--name',
      'WS1',
      ...more,
    );
  const refused = async (run: ReturnType<typeof at>, exitCode: number, code: string) => {
    const answer = await run;
    expect(answer.json.at(-1), answer.stdout).toMatchObject({ error: { code, next: expect.any(String) } });
    expect(answer.exitCode).toBe(exitCode);
  };
  const certificates = async () => {
    const [entry] = await samba.directory.search({
      filter: '(sAMAccountName=WS1$)',
      attributes: ['userCertificate', 'objectGUID'],
    });
    return entry?.attributes;
  };

  const setFlags = (flags: number) =>
    samba.directory.modify(
      `dn: CN=WS1,CN=Computers,${samba.baseDn}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: ${flags}\n`,
    );

  it('is on-premises only at first: no sign-in is begun, and status says why', async () => {
    await refused(at('machine', 'signin'), 10, 'on-premises-only');
    const { json } = await at('machine', 'device', 'status');
    expect(json[0]).toMatchObject({
      joined: false,
      sections: {
        'Device State': { AzureADJoined: 'NO', DomainedJoined: 'YES', DomainName: 'CORP' },
      },
    });
  });

  it('says what is missing: a keytab, the connection point, the sync', async () => {
    await refused(joinHybrid('machine', '--keytab', '/nonexistent'), 79, 'not-domain-member');
    await refused(joinHybrid('machine'), 79, 'hybrid-not-configured');
    const { tenantId, url } = await tenant.admin.status();
    await asAdministrator(({ directory }) =>
      configureHybridTenant(directory, { tenantId: crypto.randomUUID(), name: 'localhost', url }),
    );
    await refused(joinHybrid('machine'), 79, 'hybrid-tenant-other');
    await asAdministrator(({ directory }) =>
      configureHybridTenant(directory, { tenantId, name: 'localhost', url }, true),
    );
    expect((await certificates())?.userCertificate).toBeUndefined();
    await sync();
    await refused(joinHybrid('machine'), 79, 'device-not-announced');
    const written = await certificates();
    guid = written?.objectGUID?.[0] ?? '';
    expect(written?.userCertificate).toHaveLength(1);
    const own = await asAdministrator(({ directory }) => readComputer(directory, 'WS1$'));
    const certificate = new X509Certificate(own.certificates[0] ?? '');
    expect([certificate.subject, certificate.issuer]).toEqual([`CN=${guid}`, `CN=${guid}`]);
    const { json } = await at('machine', 'device', 'status');
    expect(json[0]).toMatchObject({ joined: false, pending: { deviceId: guid } });
  });

  it('is registered after the sync, and again where the answer was lost; twice is no harm', async () => {
    await refused(joinHybrid('machine'), 79, 'device-not-announced'); // the same certificate stays
    expect((await certificates())?.userCertificate).toHaveLength(1);
    cpSync(home('machine'), home('lost'), { recursive: true });
    chmodSync(join(home('lost'), 'device'), 0o700);
    const waiting = joinHybrid('lost', '--wait', '60');
    await sync();
    expect(await waiting).toMatchObject({ exitCode: 0 });
    expect(await joinHybrid('machine')).toMatchObject({ exitCode: 0 }); // its answer was lost: it has no device.json yet
    expect(await joinHybrid('machine')).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(home('machine'), 'device', 'pending.json'))).toBe(false);
    expect(await tenant.admin.devices.list()).toMatchObject([
      { id: guid, joinType: 6, displayName: 'WS1', enabled: true },
    ]);
    const { json } = await at('machine', 'device', 'status');
    expect(json[0]).toMatchObject({
      joined: true,
      sections: {
        'Device State': { AzureADJoined: 'YES', DomainedJoined: 'YES', DomainName: 'CORP' },
        'Device Details': { DeviceId: guid },
      },
    });
  });

  it("opens a share for a synced user with a security key, and goes with the directory's word", async () => {
    alice = await plugInKey(tenant.home, 'alice');
    await registerKey(tenant.admin, UPN, alice);
    await alice.key.close();
    const ccache = join(tenant.home, 'alice.ccache');
    writeFileSync(home('pin'), alice.pin, { mode: 0o600 });
    const signIn = () =>
      at(
        ...(['machine', 'signin', '--key', alice.keySocket] as const),
        ...(['--pin-file', home('pin'), '--kdc', samba.address, '--ccache', ccache] as const),
      );
    expect(await signIn()).toMatchObject({ exitCode: 0, json: [{ ticket: { state: 'full' } }] });
    const { stdout } = await readShareFile({
      ...{ address: samba.address, fqdn: samba.fqdn, krb5Conf: samba.krb5Conf },
      ...{ share: 'team', file: 'plan.txt', ccache: `FILE:${ccache}` },
    });
    expect(stdout).toBe('the plan\n');
    await setFlags(4098);
    await sync();
    await refused(signIn(), 11, 'device-disabled');
  });

  it('leaves, and joins anew with a new certificate in place of the old one', async () => {
    await setFlags(4096);
    await sync();
    const before = (await certificates())?.userCertificate;
    expect((await at('machine', 'device', 'leave')).json[0]).toMatchObject({ deleted: true });
    await refused(joinHybrid('machine'), 79, 'device-not-announced');
    const after = (await certificates())?.userCertificate;
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    await sync();
    expect(await joinHybrid('machine')).toMatchObject({ exitCode: 0 });
  });
});
