/** A domain controller whose clock is ten minutes ahead: compensated as MIT does, and told apart from a tenant whose clock is wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeDer,
  decodeKeytab,
  ETYPE,
  encodeCcache,
  type KdcTransport,
  Key,
  KrbError,
  krbtgt,
  MSG_TYPE,
  mintPartialTgt,
  openAsRep,
  requestTicket,
  tcpTransport,
} from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runProgram, type SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces', 'mit', 'faketime'] as const;
const AHEAD_SECONDS = 600;
const SKEW = 37;

let domain: SambaDomain;
let rodc: { key: Key; kvno: number };
let sid: string;

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  domain = await startTestDomain({ users: [{ name: 'alice' }], clockOffsetSeconds: AHEAD_SECONDS });
  sid = await domain.sidOf('alice');
  const { keytab } = await domain.createKerberosServerObjects();
  const entry = decodeKeytab(readFileSync(keytab)).find(
    ({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96,
  );
  if (!entry) throw new Error('no AES-256 key');
  rodc = { key: new Key(entry.etype, entry.key), kvno: entry.kvno };
});
afterAll(() => domain?.stop());

/** A partial TGT of a tenant whose clock is `ahead` seconds ahead of this machine's. */
function partialTgt(ahead: number) {
  const { realm, netbiosName } = domain;
  const minted = mintPartialTgt({
    realm,
    ...rodc,
    user: {
      sid,
      samAccountName: 'alice',
      upn: 'alice@corp.example.com',
      dnsDomainName: 'corp.example.com',
      netbiosDomainName: netbiosName,
    },
    now: new Date(Date.now() + ahead * 1000),
  });
  return openAsRep(minted.messageBuffer, new Key(minted.keyType, minted.clientKey));
}

/** The exchange, and the error codes that the DC answered on the way. */
async function exchange(ahead: number) {
  const refusals: number[] = [];
  const tcp = tcpTransport({ host: domain.address, port: 88 });
  const transport: KdcTransport = async (message) => {
    const reply = await tcp(message);
    if (reply[0] === (0x60 | MSG_TYPE.KRB_ERROR)) refusals.push(decodeDer(KrbError, reply).errorCode);
    return reply;
  };
  const { realm } = domain;
  const result = requestTicket({ tgt: partialTgt(ahead), sname: krbtgt(realm), realm, transport });
  return { refusals, outcome: await result.catch((error: unknown) => error) };
}

describe("a DC whose clock is ten minutes ahead of this machine's", () => {
  const it = withPeers(...PEERS);
  const kvno = (ccache: string) =>
    runProgram('kvno', [`cifs/${domain.fqdn}`], {
      env: { ...process.env, KRB5_CONFIG: domain.krb5Conf, KRB5CCNAME: `FILE:${ccache}` },
    });

  it("is compensated, and MIT's clients use the offset in our ccache", async () => {
    const { refusals, outcome } = await exchange(0);
    expect(refusals).toEqual([SKEW]);
    const { credentials, kdcTimeOffset } = outcome as Awaited<ReturnType<typeof requestTicket>>; // no error, or the line above fails
    expect(Math.abs(kdcTimeOffset - AHEAD_SECONDS * 1000)).toBeLessThan(5_000);
    const cache = { principal: credentials.client, credentials: [credentials] };
    const path = (name: string) => join(domain.workDir, name);
    writeFileSync(path('with-offset'), encodeCcache({ ...cache, kdcTimeOffset }), { mode: 0o600 });
    expect((await kvno(path('with-offset'))).stdout).toContain('kvno = 1');
    writeFileSync(path('without-offset'), encodeCcache(cache), { mode: 0o600 });
    await expect(kvno(path('without-offset'))).rejects.toThrow(/Clock skew too great/);
  });

  it('refuses a ticket from its future as not yet valid, whatever the device does about its clock', async () => {
    const { refusals, outcome } = await exchange(2 * AHEAD_SECONDS);
    expect(refusals).toEqual([33]);
    expect(outcome).toMatchObject({
      code: 'krb-error',
      errorName: 'TKT_NYV',
      message: expect.stringContaining('not valid yet'),
    });
  });
});
