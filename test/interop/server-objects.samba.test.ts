/** The Kerberos server objects made over LDAP without TLS, on a real Samba AD DC: made, made again, completed. */
import {
  createServerObjects,
  type DomainSession,
  findServerObjects,
  openDomainSession,
  readKrbtgtKey,
} from '@kennel/active-directory';
import { joinKvno, Key, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { DC_CASES } from '../../packages/lab/src/dc-answers/cases.ts';
import { answerOf } from '../../packages/lab/src/dc-answers/run.ts';
import { type SambaDomain, startSambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';

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
    domain = await startSambaDomain({ users: [{ name: 'alice', password: PASSWORD }] });
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

  it('sign tickets that the domain controller takes, with the key read back over DRSUAPI', async () => {
    const { userDn, id } = await createServerObjects(session.directory);
    const key = await readKrbtgtKey({
      dc: { host: domain.address },
      objectDn: userDn,
      security: session.rpcSecurity(),
    });
    expect(key.krbtgtNumber).toBe(id);
    const sound = DC_CASES.find((each) => each.id === 'sound');
    if (!sound) throw new Error('the table has no sound case');
    const sid = await domain.sidOf('alice');
    const answer = await answerOf(sound, {
      transport: tcpTransport({ host: domain.address, port: 88 }),
      user: (name) => ({
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
    expect(answer).toBe('full TGT');
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
