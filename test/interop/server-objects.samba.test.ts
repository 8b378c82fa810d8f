/** The Kerberos server objects made over LDAP without TLS, on a real Samba AD DC: made, made again, completed. */
import {
  blastRadius,
  createServerObjects,
  type DomainSession,
  explainUser,
  findAccount,
  findServerObjects,
  openDomainSession,
  planAllow,
  planDeny,
  protectedAccounts,
  readKrbtgtKey,
  readPolicy,
  writePolicy,
} from '@kennel/active-directory';
import { joinKvno, Key, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { DC_CASES } from '../../packages/lab/src/dc-answers/cases.ts';
import { answerOf } from '../../packages/lab/src/dc-answers/run.ts';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const PASSWORD = 'Alice!pass1';

describe('Kerberos server objects over LDAP, sealed with Kerberos', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  let session: DomainSession;

  const signIn = (name: string, password: string) =>
    openDomainSession({
      domain: 'corp.example.com',
      dnsServers: [domain.address],
      upn: `${name}@corp.example.com`,
      password,
    });
  const count = async (filter: string) =>
    (await domain.directory.search({ filter, attributes: ['cn'] })).length;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    domain = await startTestDomain({
      groups: ['Server Admins', 'Payroll'],
      users: [
        { name: 'alice', password: PASSWORD },
        { name: 'bob', groups: ['Server Admins'] },
        { name: 'eve', groups: ['Server Admins', 'Schema Admins'] },
        { name: 'svc-backup' },
        { name: 'carol', groups: ['Payroll'] },
        { name: 'gone', attributes: { userAccountControl: '514' } },
      ],
    });
    const [admins, nested] = ['Domain Admins', 'Server Admins'].map(
      (name) => `CN=${name},CN=Users,${domain.baseDn}`,
    );
    await domain.directory.modify(`dn: ${admins}\nchangetype: modify\nadd: member\nmember: ${nested}\n`);
    const backup = await domain.sidOf('svc-backup');
    const replicate = `(OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;;${backup})`;
    await domain.sambaTool('dsacl', 'set', `--objectdn=${domain.baseDn}`, `--sddl=${replicate}`);
    session = await signIn('Administrator', domain.adminPassword);
  });
  afterAll(async () => {
    await session?.close();
    await domain?.stop();
  });

  it('are made once, and the second time nothing is made', async () => {
    expect(await findServerObjects(session.directory)).toBeUndefined();
    const first = await createServerObjects(session.directory);
    expect(first.created).toHaveLength(4);
    const { created, ...objects } = await createServerObjects(session.directory);
    expect(created).toEqual([]);
    expect(await findServerObjects(session.directory)).toEqual(objects);
    expect(first).toMatchObject({
      userSid: await domain.sidOf(`krbtgt_${first.id}`),
      computerSid: await domain.sidOf('AzureADKerberos$'),
    });
    expect(
      await count(
        '(objectClass=serviceConnectionPoint)(cn=900274c4-b7d2-43c8-90ee-00a9f650e335)'.replace(
          /^(.*)$/,
          '(&$1)',
        ),
      ),
    ).toBe(1);
  });

  it('are completed where an interruption left them half made', async () => {
    const { id, computerDn, connectionPointDn } = await createServerObjects(session.directory);
    await domain.directory.modify(
      `dn: ${connectionPointDn}\nchangetype: delete\n\ndn: ${computerDn}\nchangetype: delete\n`,
    );
    expect(await findServerObjects(session.directory)).toBeUndefined();
    const completed = await createServerObjects(session.directory);
    expect(completed.created).toEqual([computerDn, connectionPointDn]);
    expect(completed.id).toBe(id);
  });

  /** What the domain controller says to a ticket of that user under the present key. */
  const answerFor = async (name: string) => {
    const { userDn, id } = await createServerObjects(session.directory);
    const key = await readKrbtgtKey({
      dc: { host: domain.address },
      objectDn: userDn,
      security: session.rpcSecurity(),
    });
    expect(key.krbtgtNumber).toBe(id);
    const sound = DC_CASES.find((each) => each.id === 'sound');
    if (!sound) throw new Error('the table has no sound case');
    const sid = await domain.sidOf(name);
    return answerOf(sound, {
      transport: tcpTransport({ host: domain.address, port: 88 }),
      user: () => ({
        sid,
        samAccountName: name,
        upn: `${name}@corp.example.com`,
        dnsDomainName: 'corp.example.com',
        netbiosDomainName: domain.netbiosName,
      }),
      server: () => ({
        realm: domain.realm,
        kvno: joinKvno(id, key.keyVersion),
        current: new Key(18, key.aes256),
      }),
    });
  };

  it('sign tickets that the domain controller takes, with the key read back over DRSUAPI', async () => {
    expect(await answerFor('alice')).toBe('full TGT');
  });

  it('know who is worth the domain: replication rights given to a service account, and administrators', async () => {
    const found = await protectedAccounts(session.directory);
    const because = Object.fromEntries([...found.values()].map((account) => [account.name, account.because]));
    expect(because).toMatchObject({
      'svc-backup': ['replication-rights'],
      bob: expect.arrayContaining(['replication-rights']),
      Administrator: ['replication-rights', 'admin-count'],
      krbtgt: ['admin-count'],
    });
    expect(Object.keys(because)).not.toContain('alice');
  });

  it('say who could be impersonated, the worst first', async () => {
    const objects = await createServerObjects(session.directory);
    const { protected: worst, others } = await blastRadius(
      session.directory,
      await readPolicy(session.directory, objects),
    );
    expect(worst.map(({ name }) => name)).toEqual(['svc-backup']);
    expect(others.map(({ name }) => name)).toEqual(['alice', 'carol']);
  });

  it('are relaxed for one group by name, and for nobody else; and it is taken back', async () => {
    const { directory } = session;
    const objects = await createServerObjects(directory);
    const policy = () => readPolicy(directory, objects);
    const names = async () => (await policy()).never.map(({ name }) => name).sort();
    const explained = async (name: string) =>
      explainUser(directory, await policy(), await findAccount(directory, name));
    const members572 = () =>
      domain.directory.search({
        filter: '(sAMAccountName=Denied RODC Password Replication Group)',
        attributes: ['member'],
      });
    const before = { names: await names(), members: await members572() };
    expect(await answerFor('bob')).toMatch(/TGT_REVOKED/);
    expect(await explained('bob')).toMatchObject({
      ticket: false,
      because: 'denied',
      through: ['Server Admins'],
    });

    const group = await findAccount(directory, 'Server Admins');
    const allow = await planAllow(directory, await policy(), group);
    expect(
      [...allow.after.values()].filter(({ sid }) => !allow.before.has(sid)).map(({ name }) => name),
    ).toEqual(['bob']);
    await writePolicy(directory, objects, allow.next, true);
    expect(await answerFor('bob')).toBe('full TGT');
    expect(await explained('bob')).toMatchObject({ ticket: true, protectedBy: ['replication-rights'] });
    for (const name of ['eve', 'Administrator']) expect(await answerFor(name)).toMatch(/TGT_REVOKED/);
    const after = await names();
    for (const name of [
      'krbtgt',
      'Schema Admins',
      'Domain Controllers',
      'Enterprise Admins',
      'Administrator',
    ])
      expect(after).toContain(name);
    for (const name of ['Domain Admins', 'Server Admins', 'Administrators'])
      expect(after).not.toContain(name);
    expect(await members572()).toEqual(before.members);

    const deny = await planDeny(directory, await policy(), group);
    await writePolicy(directory, objects, deny.next, false);
    expect(await names()).toEqual(before.names);
    expect((await policy()).allowed).toEqual([]);
    expect(await answerFor('bob')).toMatch(/TGT_REVOKED/);
  });

  it('can deny a group of their own, and allow it again', async () => {
    const { directory } = session;
    const objects = await createServerObjects(directory);
    const payroll = await findAccount(directory, 'Payroll');
    const policy = () => readPolicy(directory, objects);
    await writePolicy(directory, objects, (await planDeny(directory, await policy(), payroll)).next, false);
    expect(await answerFor('carol')).toMatch(/TGT_REVOKED/);
    expect(await answerFor('alice')).toBe('full TGT');
    await writePolicy(directory, objects, (await planAllow(directory, await policy(), payroll)).next, true);
    expect(await answerFor('carol')).toBe('full TGT');
    await expect(
      planAllow(directory, await policy(), await findAccount(directory, 'alice')),
    ).rejects.toMatchObject({ code: 'not-a-group' });
    await expect(findAccount(directory, 'No*body')).rejects.toMatchObject({ code: 'account-not-found' });
  });

  it("can bear another name, and touch nothing that is somebody else's", async () => {
    const { id } = await createServerObjects(session.directory);
    const other = await createServerObjects(session.directory, 'Kennel2');
    expect(other.id).not.toBe(id);
    expect(other.computerDn).toBe(`CN=Kennel2,OU=Domain Controllers,${domain.baseDn}`);
    await domain.directory.add(`dn: CN=krbtgt_Taken,CN=Users,${domain.baseDn}\nobjectClass: user\n`);
    await expect(createServerObjects(session.directory, 'Taken')).rejects.toMatchObject({
      code: 'object-name-taken',
    });
  });

  it('are refused to a plain user, and a wrong password is told', async () => {
    const alice = await signIn('alice', PASSWORD);
    await expect(createServerObjects(alice.directory, 'Alices')).rejects.toMatchObject({
      code: 'access-denied',
    });
    await alice.close();
    await expect(signIn('alice', 'wrong')).rejects.toMatchObject({ code: 'password-wrong' });
  });
});
