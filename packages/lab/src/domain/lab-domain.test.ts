/** The embedded domain from outside: partial TGT in, full TGT, service ticket and page out; CLDAP names KEYLIST. */
import { DS_FLAG, pingDomainController } from '@kennel/active-directory';
import {
  ETYPE,
  initiateNegotiate,
  Key,
  krbtgt,
  mintPartialTgt,
  ntHash,
  openAsRep,
  requestTicket,
  tcpTransport,
} from '@kennel/kerberos';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabDomain, startLabDomain } from './lab-domain.ts';

let domain: LabDomain;
let rodc: ReturnType<LabDomain['directory']['createKerberosServerObjects']>;
let sid: string;

beforeAll(async () => {
  domain = await startLabDomain();
  sid = domain.directory.addUser({
    samAccountName: 'alice',
    displayName: 'Alice Example',
    password: 'a password of the test',
  });
  rodc = domain.directory.createKerberosServerObjects();
});
afterAll(() => domain.close());

function partialTgt() {
  const { realm, dnsDomainName, netbiosDomainName } = domain.directory;
  const user = {
    sid,
    samAccountName: 'alice',
    upn: 'alice@corp.example.com',
    dnsDomainName,
    netbiosDomainName,
  };
  const minted = mintPartialTgt({ realm, key: rodc.key, kvno: rodc.kvno, user, now: new Date() });
  return openAsRep(minted.messageBuffer, new Key(minted.keyType, minted.clientKey));
}

const exchange = (options: { keyList?: number[] } = {}) =>
  requestTicket({
    tgt: partialTgt(),
    sname: krbtgt(domain.directory.realm),
    realm: domain.directory.realm,
    transport: tcpTransport(domain.kdc),
    ...options,
  });

it('exchanges a partial TGT for a full one that opens the intranet page', async () => {
  const { credentials: tgt, keyList } = await exchange();
  expect(tgt.ticket.encPart.kvno).toBe(1);
  expect(keyList).toBeUndefined();
  const { credentials } = await requestTicket({
    tgt,
    sname: domain.intranet.name,
    realm: domain.directory.realm,
    transport: tcpTransport(domain.kdc),
  });
  const negotiate = initiateNegotiate(credentials, new Date());
  const headers = { authorization: `Negotiate ${Buffer.from(negotiate.token).toString('base64')}` };
  const response = await fetch(domain.intranet.url, { headers });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('alice@CORP.EXAMPLE.COM. Your groups: 513');
  negotiate.check(Buffer.from(response.headers.get('www-authenticate')?.split(' ')[1] ?? '', 'base64'));
  expect((await fetch(domain.intranet.url, { headers })).status, 'the same token again').toBe(401);
});

it('turns away who has no ticket, or something else', async () => {
  for (const authorization of [
    '',
    'Basic YTpi',
    'Negotiate AAAA',
    'Negotiate YIIB',
    `Negotiate ${Buffer.alloc(9000, 0x60).toString('base64')}`,
  ]) {
    const response = await fetch(domain.intranet.url, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Negotiate');
  }
});

it('reveals the NT hash to a key list request', async () => {
  const { keyList } = await exchange({ keyList: [ETYPE.RC4_HMAC] });
  expect(keyList).toEqual([{ keyType: ETYPE.RC4_HMAC, keyValue: ntHash('a password of the test') }]);
});

it('names KEYLIST among the flags of its CLDAP answer', async () => {
  const answer = await pingDomainController(domain.cldap, 'corp.example.com');
  expect(answer.hostName).toBe('dc1.corp.example.com');
  expect(answer.flags & DS_FLAG.KEYLIST).toBe(DS_FLAG.KEYLIST);
  await expect(pingDomainController(domain.cldap, 'other.example.com')).rejects.toThrow(
    'No domain controller',
  );
});
