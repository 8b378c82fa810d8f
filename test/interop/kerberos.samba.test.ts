/** The Kerberos library against a Samba AD DC and MIT's programs: tickets, PACs, ccache and keytab files, both ways. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DS_FLAG, pingDomainController } from '@kennel/active-directory';
import {
  type Ccache,
  decodeCcache,
  decodeDer,
  decodeKeytab,
  decodeLogonInfo,
  decodePac,
  decrypted,
  EncTicketPart,
  ETYPE,
  encodeCcache,
  encodeKeytab,
  encodePac,
  findPac,
  KEY_USAGE,
  Key,
  type KeytabEntry,
  PAC_BUFFER,
  principal,
  requestTicket,
  signTgtPac,
  splitKvno,
  type Ticket,
  tcpTransport,
  toFileTime,
  userPac,
  verifyPac,
  verifyTicketSignature,
} from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { reEncodedBuffers } from '../../packages/kerberos/test/re-encode-pac.ts';
import { readShareFile, runProgram, type SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces', 'mit'] as const;
const PASSWORD = 'Alice!pass1';
const NESTED = 40;
const DOMAIN_LOCAL = '-2147483644';

let domain: SambaDomain;
const files = (name: string) => join(domain.workDir, name);
const bytesOf = (name: string) => readFileSync(files(name));

/** Runs a program of MIT's with a ccache of the name given. */
const mit = (ccache: string, command: string, args: string[], input = '') =>
  runProgram(command, args, {
    input,
    env: { ...process.env, KRB5_CONFIG: domain.krb5Conf, KRB5CCNAME: `FILE:${files(ccache)}`, LC_ALL: 'C' },
  });

/** The AES-256 key of an account that the DC exported. */
async function exported(account: string): Promise<Key> {
  const entry = aes256(decodeKeytab(readFileSync(await domain.exportKeytab(account))));
  return new Key(entry.etype, entry.key);
}

function aes256(entries: KeytabEntry[]): KeytabEntry {
  const entry = entries.find(({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96);
  if (!entry) throw new Error('no AES-256 key');
  return entry;
}

const opened = (ticket: Ticket, key: Key) =>
  decodeDer(EncTicketPart, decrypted(key, KEY_USAGE.TICKET, ticket.encPart));
const pacOf = (part: EncTicketPart) => {
  const pac = findPac(part.authorizationData);
  if (!pac) throw new Error('the ticket has no PAC');
  return pac;
};
const signedBy = (pac: Uint8Array, type: number) => {
  const buffer = decodePac(pac).find((candidate) => candidate.type === type);
  if (!buffer) throw new Error(`no buffer ${type}`);
  return buffer;
};

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  domain = await startTestDomain({
    groups: ['staff', ...Array.from({ length: NESTED }, (_, i) => `nested${i}`)],
    users: [
      { name: 'alice', password: PASSWORD, displayName: 'Alice Exämple', groups: ['staff'] },
      { name: 'many', password: PASSWORD, groups: ['nested0'] },
    ],
    shares: [{ name: 'team', allow: ['staff'], files: { 'plan.txt': 'the plan\n' } }],
  });
  const dn = (name: string) => `CN=${name},CN=Users,${domain.baseDn}`;
  const nesting = Array.from(
    { length: NESTED - 1 },
    (_, i) => `dn: ${dn(`nested${i + 1}`)}\nchangetype: modify\nadd: member\nmember: ${dn(`nested${i}`)}\n`,
  );
  await domain.directory.modify(nesting.join('\n'));
  await domain.directory.add(
    `dn: ${dn('local')}\nobjectClass: group\nsAMAccountName: local\ngroupType: ${DOMAIN_LOCAL}\nmember: ${dn('nested0')}\n`,
  );
  for (const name of ['alice', 'many']) await mit(name, 'kinit', [name], `${PASSWORD}\n`);
});
afterAll(() => domain?.stop());

describe('tickets', () => {
  const it = withPeers(...PEERS);
  const transport = () => tcpTransport({ host: domain.address, port: 88 });

  /** MIT's TGT of a user, and a service ticket that our client gets with it. */
  async function ticketsOf(name: string): Promise<Ccache> {
    const cache = decodeCcache(bytesOf(name));
    const [tgt] = cache.credentials;
    if (!tgt) throw new Error('MIT wrote no TGT');
    const sname = principal(`cifs/${domain.fqdn}`);
    const { credentials } = await requestTicket({ tgt, sname, realm: domain.realm, transport: transport() });
    return { ...cache, credentials: [tgt, credentials] };
  }

  it('our client gets a service ticket with the TGT that kinit got, and MIT takes it from our ccache', async () => {
    writeFileSync(files('ours'), encodeCcache(await ticketsOf('alice')), { mode: 0o600 });
    const { stdout } = await mit('ours', 'klist', ['-e']);
    expect(stdout).toContain(`Default principal: alice@${domain.realm}`);
    expect(stdout).toContain(`cifs/${domain.fqdn}@${domain.realm}`);
    const kvno = await mit('ours', 'kvno', ['--cached-only', `cifs/${domain.fqdn}`]);
    expect(kvno.stdout).toMatch(/kvno = 1/);
    await expect(mit('ours', 'kvno', ['--cached-only', `host/${domain.fqdn}`])).rejects.toThrow();
  });

  const itWithShare = withPeers(...PEERS, 'smbclient');
  itWithShare('smbclient (Heimdal) opens a share with our ccache', async () => {
    writeFileSync(files('ours'), encodeCcache(await ticketsOf('alice')), { mode: 0o600 });
    const { address, fqdn, krb5Conf } = domain;
    const place = { address, fqdn, krb5Conf, ccache: `FILE:${files('ours')}` };
    const { stdout } = await readShareFile({ ...place, share: 'team', file: 'plan.txt' });
    expect(stdout).toContain('the plan');
  });

  it("Samba's signatures hold under the exported keys, in TGT and service ticket", async () => {
    const [krbtgt, service] = await Promise.all([exported('krbtgt'), exported('DC1$')]);
    const [tgt, cifs] = (await ticketsOf('alice')).credentials;
    if (!tgt || !cifs) throw new Error('no tickets');
    verifyPac(pacOf(opened(tgt.ticket, krbtgt)), { server: krbtgt, krbtgt });

    const part = opened(cifs.ticket, service);
    const pac = pacOf(part);
    verifyPac(pac, { server: service, krbtgt });
    verifyTicketSignature(part, krbtgt);
    expect(() => verifyPac(pac, { server: krbtgt })).toThrow(/not signed/);
    expect(() => verifyTicketSignature({ ...part, endtime: new Date(0) }, krbtgt)).toThrow(/not signed/);

    const { offset, data } = signedBy(pac, PAC_BUFFER.FULL_SIGNATURE);
    const zeroed = Buffer.from(pac);
    for (const type of [PAC_BUFFER.SERVER_SIGNATURE, PAC_BUFFER.KDC_SIGNATURE]) {
      const signature = signedBy(pac, type);
      zeroed.fill(0, signature.offset + 4, signature.offset + signature.data.length);
    }
    zeroed.fill(0, offset + 4, offset + data.length);
    expect(krbtgt.verifyChecksum(KEY_USAGE.PAC_SIGNATURE, data.subarray(4), zeroed)).toBe(true);
  });

  it.each(['alice', 'many'])('the PACs of %s are read and written again to the same bytes', async (name) => {
    const [krbtgt, service] = await Promise.all([exported('krbtgt'), exported('DC1$')]);
    const [tgt, cifs] = (await ticketsOf(name)).credentials;
    if (!tgt || !cifs) throw new Error('no tickets');
    const tickets = [
      { ticket: tgt.ticket, key: krbtgt },
      { ticket: cifs.ticket, key: service },
    ];
    for (const { ticket, key } of tickets) {
      const part = opened(ticket, key);
      const plain = decrypted(key, KEY_USAGE.TICKET, ticket.encPart);
      expect(Buffer.from(EncTicketPart.encode(part)).toString('hex')).toBe(plain.toString('hex'));
      const pac = pacOf(part);
      const known: readonly number[] = Object.values(PAC_BUFFER);
      for (const [i, { type, data }] of reEncodedBuffers(pac).entries()) {
        expect(known, `type ${type}`).toContain(type);
        expect(Buffer.from(data).toString('hex'), `buffer ${type}`).toBe(
          Buffer.from(decodePac(pac)[i]?.data ?? []).toString('hex'),
        );
      }
      expect(encodePac(reEncodedBuffers(pac)).equals(pac)).toBe(true);
    }
    const logon = decodeLogonInfo(signedBy(pacOf(opened(cifs.ticket, service)), PAC_BUFFER.LOGON_INFO).data);
    if (name === 'many') {
      const rids = logon.groups.map(({ rid }) => rid);
      const groups = await domain.directory.search({ filter: '(cn=nested*)', attributes: ['objectSid'] });
      expect(groups).toHaveLength(NESTED);
      for (const { attributes } of groups)
        expect(rids).toContain(Number(attributes.objectSid?.[0]?.split('-').at(-1)));
      const local = Number((await domain.sidOf('local')).split('-').at(-1));
      // Samba 4.17 writes a domain-local group among the others, later versions among the resource groups.
      const resources = logon.resourceGroups.map(({ rid }) => rid);
      expect([...rids, ...resources]).toContain(local);
    } else {
      expect(logon.fullName.text).toBe('Alice Exämple');
    }
  });

  it("Samba's parser reads our PAC field by field", async () => {
    const key = Key.random();
    const sid = `${domain.domainSid}-1104`;
    const authtime = new Date(Math.floor(Date.now() / 1000) * 1000);
    const buffers = userPac(
      {
        sid,
        samAccountName: 'älice',
        upn: 'alice@corp.example.com',
        dnsDomainName: 'corp.example.com',
        netbiosDomainName: 'CORP',
      },
      {
        authtime,
        groups: [513, 1200, 1201],
        primaryGroup: 513,
        fullName: 'Älice',
        extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
      },
    );
    const pac = signTgtPac(buffers, { server: key, krbtgt: key, rodcNumber: 40_000 });
    const script = new URL('peers/read_pac.py', import.meta.url).pathname;
    const { stdout } = await runProgram('/usr/bin/python3', [script], { input: pac.toString('hex') });
    const signature = (type: number) => Buffer.from(signedBy(pac, type).data.subarray(4)).toString('hex');
    expect(JSON.parse(stdout)).toEqual({
      types: [1, 10, 12, 17, 18, 6, 7],
      logon: {
        account: 'älice',
        fullName: 'Älice',
        domain: 'CORP',
        domainSid: domain.domainSid,
        rid: 1104,
        primaryGroup: 513,
        groups: [513, 1200, 1201].map((rid) => [rid, 7]),
        extraSids: [['S-1-18-1', 7]],
        userFlags: 0x20,
        accountFlags: 0x10,
        logonTime: Number(toFileTime(authtime)),
      },
      client: { account: 'älice', logonTime: Number(toFileTime(authtime)) },
      upn: {
        upn: 'alice@corp.example.com',
        dnsDomain: 'CORP.EXAMPLE.COM',
        account: 'älice',
        sid,
      },
      attributes: [2, 1],
      requestor: sid,
      signature6: [16, signature(6)],
      signature7: [16, signature(7)],
    });
  });
});

describe('ccache and keytab files', () => {
  const it = withPeers(...PEERS);

  it("MIT's ccache is read, and written again to the same bytes", async () => {
    // --out-cache leaves out MIT's own notes (X-CACHECONF), which are no credentials and are not kept.
    await mit('alice', 'kvno', ['--out-cache', files('out'), `cifs/${domain.fqdn}`]);
    const cache = decodeCcache(bytesOf('out'));
    expect(cache.principal.name.nameString).toEqual(['alice']);
    expect(encodeCcache(cache).toString('hex')).toBe(bytesOf('out').toString('hex'));
    expect(decodeCcache(bytesOf('alice')).credentials[0]?.server.name.nameString[0]).toBe('krbtgt');
  });

  it("MIT's keytab is read, and written again to the same bytes", async () => {
    const script = [
      `addent -password -p alice@${domain.realm} -k 1 -e aes256-cts-hmac-sha1-96`,
      PASSWORD,
      `addent -password -p cifs/${domain.fqdn}@${domain.realm} -k 300 -e aes128-cts-hmac-sha1-96`,
      'another',
      `wkt ${files('mit.keytab')}`,
    ];
    await mit('alice', 'ktutil', [], `${script.join('\n')}\n`);
    const entries = decodeKeytab(bytesOf('mit.keytab'));
    expect(entries.map(({ kvno, etype }) => [kvno, etype])).toEqual([
      [1, 18],
      [300, 17],
    ]);
    const key = Key.fromPassword(PASSWORD, `${domain.realm}alice`);
    expect(Buffer.from(entries[0]?.key ?? []).equals(key.value)).toBe(true);
    expect(encodeKeytab(entries).toString('hex')).toBe(bytesOf('mit.keytab').toString('hex'));
  });

  it("MIT reads our keytab, negative versions too, and signs in with it; Samba's keytab is read", async () => {
    const { keytab, id } = await domain.createKerberosServerObjects();
    const rodc = aes256(decodeKeytab(readFileSync(keytab)));
    expect(splitKvno(rodc.kvno)).toEqual({ number: id, version: 1 });
    const alice = {
      realm: domain.realm,
      name: principal('alice'),
      timestamp: new Date(0),
      kvno: 1,
      etype: 18,
      key: Key.fromPassword(PASSWORD, `${domain.realm}alice`).value,
    };
    writeFileSync(files('ours.keytab'), encodeKeytab([alice, { ...rodc, kvno: (40_000 << 16) | 7 }]));
    const { stdout } = await mit('alice', 'klist', ['-ke', files('ours.keytab')]);
    expect(stdout).toContain(`   1 alice@${domain.realm} (aes256-cts-hmac-sha1-96)`);
    expect(stdout).toContain(`${(40_000 << 16) | 7} krbtgt_${id}@`);
    const listed = await mit('alice', 'ktutil', [], `rkt ${files('ours.keytab')}\nlist -e\n`);
    expect(listed.stdout).toContain(`alice@${domain.realm} (aes256-cts-hmac-sha1-96)`);
    await mit('by-keytab', 'kinit', ['-kt', files('ours.keytab'), 'alice']);
    expect((await mit('by-keytab', 'klist', [])).stdout).toContain(`krbtgt/${domain.realm}@${domain.realm}`);
  });
});

describe('CLDAP', () => {
  const it = withPeers(...PEERS);

  it('reads who a Samba DC is: it has no key list', async () => {
    const answer = await pingDomainController({ host: domain.address }, 'corp.example.com');
    expect(answer).toMatchObject({
      hostName: domain.fqdn,
      domainName: 'corp.example.com',
      forestName: 'corp.example.com',
      netbiosDomainName: 'CORP',
      netbiosComputerName: 'DC1',
      flags: 0x13fd,
    });
    expect(answer.flags & DS_FLAG.KEYLIST).toBe(0);
    await expect(
      pingDomainController({ host: domain.address }, 'other.example.com', 1_000),
    ).rejects.toMatchObject({ code: 'dc-timeout' });
  });
});
