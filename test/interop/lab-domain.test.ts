/** The embedded domain put to programs that we did not write: MIT's clients, curl, impacket and Samba's CLDAP client. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DS_FLAG, pingDomainController } from '@kennel/active-directory';
import { joinKvno, Key, mintPartialTgt, ntHash, openAsRep, Ticket, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { encodePing } from '../../packages/active-directory/src/cldap/message.ts';
import { RID } from '../../packages/lab/src/domain/directory.ts';
import { type LabDomain, startLabDomain } from '../../packages/lab/src/domain/lab-domain.ts';
import { runProgram, writeKrb5Conf } from '../../packages/lab/src/samba/index.ts';
import { withPeers } from '../support/peers.ts';

const PASSWORD = 'a password of the test';
const REALM = 'CORP.EXAMPLE.COM';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-lab-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("MIT's clients", () => {
  const it = withPeers('mit');
  let domain: LabDomain;
  const krb5Conf = { tcp: '', udp: '' };

  beforeAll(async () => {
    domain = await startLabDomain({ realm: REALM });
    domain.directory.addUser({ samAccountName: 'alice', password: PASSWORD });
    domain.directory.addUser({ samAccountName: 'locked', password: PASSWORD, lockedOut: true });
    krb5Conf.tcp = writeKrb5Conf({ dir, realm: REALM, kdc: domain.kdc });
    krb5Conf.udp = join(dir, 'krb5-udp.conf');
    const text = readFileSync(krb5Conf.tcp, 'utf8');
    writeFileSync(krb5Conf.udp, text.replace('udp_preference_limit = 1\n', 'udp_preference_limit = 32700\n'));
  });
  afterAll(() => domain.close());

  const ccache = (name: string) => `FILE:${join(dir, `${name}.ccache`)}`;
  /** Runs a client; `trace` is what MIT's library says of its own doings. */
  const mit = async (over: 'tcp' | 'udp', command: string, args: string[], input = '') => {
    const traceFile = join(dir, 'trace');
    rmSync(traceFile, { force: true });
    const env = {
      ...process.env,
      KRB5_CONFIG: krb5Conf[over],
      KRB5CCNAME: ccache(over),
      KRB5_TRACE: traceFile,
    };
    const { stdout } = await runProgram(command, args, { input, env });
    return { stdout, trace: readFileSync(traceFile, 'utf8') };
  };

  it.each([
    ['tcp', /Sending TCP request to stream/, /UDP request/],
    ['udp', /Sending initial UDP request to dgram/, /no line of that kind/],
  ] as const)('sign in with a password over %s, and get a service ticket', async (over, wanted, unwanted) => {
    const kinit = await mit(over, 'kinit', ['alice'], `${PASSWORD}\n`);
    expect(kinit.trace).toMatch(wanted);
    expect(kinit.trace).not.toMatch(unwanted);
    const kvno = await mit(over, 'kvno', ['HTTP/localhost']);
    expect(kvno.stdout).toContain(`HTTP/localhost@${REALM}: kvno = 1`);
    const { stdout } = await mit(over, 'klist', ['-ef']);
    expect(stdout).toContain(`Default principal: alice@${REALM}`);
    expect(stdout).toContain(`krbtgt/${REALM}@${REALM}`);
    expect(stdout).toMatch(/Flags: FIA/);
    expect(stdout).toContain('aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96');
  });

  it('come again over TCP where the answer does not fit a datagram', async () => {
    for (let i = 0; i < 200; i++) {
      const sid = domain.directory.sid(10_000 + i);
      domain.directory.addGroup(sid);
      domain.directory.addMember(sid, domain.directory.sidOf('alice'));
    }
    const { trace } = await mit('udp', 'kinit', ['alice'], `${PASSWORD}\n`);
    expect(trace).toMatch(/UDP request[\s\S]*too big[\s\S]*TCP request/);
    const kvno = await mit('udp', 'kvno', ['HTTP/localhost']);
    expect(kvno.trace).toMatch(/UDP request[\s\S]*too big[\s\S]*TCP request/);
    expect(kvno.stdout).toContain('kvno = 1');
  });

  it('say what is wrong with a password, a name and an account', async () => {
    await expect(mit('tcp', 'kinit', ['alice'], 'wrong\n')).rejects.toThrow(/Password incorrect/);
    await expect(mit('tcp', 'kinit', ['nobody'], 'wrong\n')).rejects.toThrow(
      /not found in Kerberos database/,
    );
    await expect(mit('tcp', 'kinit', ['locked'], `${PASSWORD}\n`)).rejects.toThrow(
      /credentials have been revoked/,
    );
    await expect(mit('tcp', 'kvno', ['HTTP/elsewhere'])).rejects.toThrow(/not found in Kerberos database/);
  });

  const itWithCurl = withPeers('mit', 'curl');
  const curl = (name: string) =>
    runProgram('curl', ['-sS', '-w', '\n%{http_code}', '--negotiate', '-u', ':', domain.intranet.url], {
      env: { ...process.env, KRB5_CONFIG: krb5Conf.tcp, KRB5CCNAME: ccache(name) },
    });

  itWithCurl('open the intranet page with the ccache, and not without', async () => {
    await mit('tcp', 'kinit', ['alice'], `${PASSWORD}\n`);
    const admitted = await curl('tcp');
    expect(admitted.stdout).toContain(`Welcome to the intranet, alice@${REALM}`);
    expect(admitted.stdout).toMatch(/\n200$/);
    const refused = await curl('not-there');
    expect(refused.stdout).toContain('A Kerberos ticket is needed');
    expect(refused.stdout).toMatch(/\n401$/);
  });
});

// Both programs know only the ports 88 and 389: a loopback address of their own, which needs root.
const HOST = '127.0.0.88';

describe("impacket's key-list client", () => {
  const it = withPeers('impacket', 'namespaces');
  let domain: LabDomain;
  let rodc: ReturnType<LabDomain['directory']['createKerberosServerObjects']>;
  const events: string[] = [];

  const start = async (options: Parameters<typeof startLabDomain>[0]) => {
    domain = await startLabDomain({
      realm: REALM,
      host: HOST,
      kdcPort: 88,
      onEvent: ({ outcome }) => events.push(outcome),
      ...options,
    });
    const { directory } = domain;
    directory.addUser({ samAccountName: 'alice', password: PASSWORD });
    directory.addUser({ samAccountName: 'admin', password: PASSWORD });
    directory.addMember(directory.sid(RID.DOMAIN_ADMINS), directory.sidOf('admin'));
    directory.addUser({ samAccountName: 'guest', password: PASSWORD, primaryGroup: RID.DOMAIN_GUESTS });
    rodc = directory.createKerberosServerObjects(40_000);
  };

  const run = async (user: string, more: object): Promise<{ key: string | null; log: string[] }> => {
    const asked = {
      realm: REALM,
      kdc: HOST,
      user,
      number: rodc.number,
      rodcKey: Buffer.from(rodc.key.value).toString('hex'),
      ...more,
    };
    const script = new URL('peers/keylist.py', import.meta.url).pathname;
    const { stdout } = await runProgram('/usr/bin/python3', [script], { input: JSON.stringify(asked) });
    return JSON.parse(stdout);
  };
  /** impacket with the partial TGT that we mint. */
  const withOurTicket = (user: string) => {
    const { dnsDomainName, netbiosDomainName } = domain.directory;
    const sid = domain.directory.sidOf(user);
    const upn = `${user}@${dnsDomainName}`;
    const minted = mintPartialTgt({
      realm: REALM,
      key: rodc.key,
      kvno: rodc.kvno,
      user: { sid, samAccountName: user, upn, dnsDomainName, netbiosDomainName },
      now: new Date(),
    });
    const { ticket, key } = openAsRep(minted.messageBuffer, new Key(minted.keyType, minted.clientKey));
    return run(user, {
      ticket: Buffer.from(Ticket.encode(ticket)).toString('hex'),
      sessionKey: Buffer.from(key.value).toString('hex'),
    });
  };

  describe('where an authenticator without a checksum is let in, as Windows does', () => {
    beforeAll(() => start({ requireBodyChecksum: false }));
    afterAll(() => domain.close());

    it('gets the NT hash', async () => {
      const { key } = await withOurTicket('alice');
      expect(key).toBe(`0x${ntHash(PASSWORD).toString('hex')}`);
    });

    it.each(['admin', 'guest'])('gets nothing of %s, whom policy denies', async (user) => {
      const { key, log } = await withOurTicket(user);
      expect(key).toBeNull();
      expect(log.join()).toContain('not allowed to have passwords replicated');
      expect(events.at(-1)).toBe('TGT_REVOKED');
    });

    it('gets nothing for a ticket of its own making: key version zero, and no PAC', async () => {
      const own = await run('alice', {});
      expect(own).toMatchObject({ key: null });
      expect(own.log.join()).toContain('BADKEYVER');
      const withVersion = await run('alice', { kvno: joinKvno(rodc.number, 1) });
      expect(withVersion).toMatchObject({ key: null });
      expect(events.at(-1)).toBe('TGT_REVOKED');
    });
  });

  describe('by default', () => {
    beforeAll(() => start({}));
    afterAll(() => domain.close());

    it('is refused, since its authenticator does not cover the body', async () => {
      const { key, log } = await withOurTicket('alice');
      expect(key).toBeNull();
      expect(log.join()).toContain('INAPP_CKSUM');
    });
  });
});

describe("Samba's CLDAP client", () => {
  const it = withPeers('samba', 'namespaces');

  it('reads our NETLOGON answer, KEYLIST among its flags', async () => {
    const domain = await startLabDomain({ realm: REALM, host: HOST, cldapPort: 389 });
    try {
      const script = new URL('peers/finddc.py', import.meta.url).pathname;
      const { stdout } = await runProgram('/usr/bin/python3', [script, HOST, 'corp.example.com']);
      const answer = JSON.parse(stdout);
      expect(answer).toMatchObject({
        forestName: 'corp.example.com',
        domainName: 'corp.example.com',
        hostName: 'dc1.corp.example.com',
        netbiosDomainName: 'CORP',
        netbiosComputerName: 'DC1',
        dcSiteName: 'Default-First-Site-Name',
        clientSiteName: 'Default-First-Site-Name',
      });
      expect(answer.flags & DS_FLAG.KEYLIST).toBe(DS_FLAG.KEYLIST);
    } finally {
      await domain.close();
    }
  });
});

describe('datagrams from port 0, which nobody can answer', () => {
  const it = withPeers('namespaces');

  it('do not end the KDC nor the CLDAP responder', async () => {
    const domain = await startLabDomain({ realm: REALM });
    try {
      const script = new URL('peers/from_port_zero.py', import.meta.url).pathname;
      const datagrams = [
        `${domain.kdc.port}=${'00'.repeat(200)}`,
        `${domain.cldap.port}=${encodePing(1, 'corp.example.com').toString('hex')}`,
      ];
      await runProgram('/usr/bin/python3', [script, domain.kdc.host, ...datagrams]);
      const answer = await pingDomainController(domain.cldap, 'corp.example.com');
      expect(answer.netbiosDomainName).toBe('CORP');
      await expect(tcpTransport(domain.kdc)(new Uint8Array(3))).resolves.toBeInstanceOf(Buffer);
    } finally {
      await domain.close();
    }
  });
});
