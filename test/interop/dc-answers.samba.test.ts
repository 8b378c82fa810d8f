/** The table of a domain controller's answers, put to a real Samba AD DC. */
import { readFileSync } from 'node:fs';
import { decodeKeytab, ETYPE, Key, type KeytabEntry, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type CaseServer, type CaseUser, DC_CASES } from '../../packages/lab/src/dc-answers/cases.ts';
import type { ServerKeys } from '../../packages/lab/src/dc-answers/forge.ts';
import { answerOf } from '../../packages/lab/src/dc-answers/run.ts';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const FILETIME_OF_2020 = '132223104000000000';
const FILETIME_NOW = String(BigInt(Date.now()) * 10_000n + 116_444_736_000_000_000n);
const DISABLED_ACCOUNT = '514';
const WORKSTATION = '4096';
const DOMAIN_GUESTS = '514';

let domain: SambaDomain;
const sids = new Map<CaseUser, string>();
const servers = new Map<CaseServer, ServerKeys>();

/** The AES-256 key of the highest version in a keytab. */
function newest(path: string): KeytabEntry {
  const entries = decodeKeytab(readFileSync(path)).filter(
    ({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96,
  );
  const [entry] = entries.sort((a, b) => (b.kvno & 0xffff) - (a.kvno & 0xffff));
  if (!entry) throw new Error(`no AES-256 key in ${path}`);
  return entry;
}

const keysOf = (entry: KeytabEntry): ServerKeys => ({
  realm: domain.realm,
  kvno: entry.kvno,
  current: new Key(entry.etype, entry.key),
});

async function prepareServers(): Promise<void> {
  const { directory } = domain;
  for (const name of ['sound', 'unlinked', 'no-partial-secrets', 'rotated'] as const) {
    const objects = await domain.createKerberosServerObjects({
      user: `krbtgt_${name}`,
      computer: `Kennel-${name}`.slice(0, 15),
    });
    servers.set(name, keysOf(newest(objects.keytab)));
    const change = (lines: string) =>
      directory.modify(`dn: ${objects.computerDn}\nchangetype: modify\n${lines}\n`);
    if (name === 'unlinked') await change('delete: msDS-KrbTgtLink');
    if (name === 'no-partial-secrets')
      await change(`replace: userAccountControl\nuserAccountControl: ${WORKSTATION}`);
    if (name === 'rotated') {
      const previous = servers.get('rotated')?.current;
      await domain.sambaTool('user', 'setpassword', objects.accountName, '--newpassword=Ignored-by-the-DC-1');
      servers.set('rotated', {
        ...keysOf(newest(await domain.exportKeytab(objects.accountName))),
        ...(previous ? { previous } : {}),
      });
    }
  }
}

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  domain = await startTestDomain({
    users: [
      { name: 'alice' },
      { name: 'disabled', attributes: { userAccountControl: DISABLED_ACCOUNT } },
      { name: 'locked' },
      { name: 'expired', attributes: { accountExpires: FILETIME_OF_2020 } },
      { name: 'must-change' },
      { name: 'denied', groups: ['Domain Admins'] },
      { name: 'outsider', groups: ['Domain Guests'] },
    ],
  });
  for (const name of ['alice', 'disabled', 'locked', 'expired', 'must-change', 'denied', 'outsider'] as const)
    sids.set(name, await domain.sidOf(name));
  const setUser = (name: CaseUser, lines: string) =>
    domain.directory.modify(`dn: CN=${name},CN=Users,${domain.baseDn}\nchangetype: modify\n${lines}\n`);
  await setUser('must-change', 'replace: pwdLastSet\npwdLastSet: 0');
  await setUser('locked', `replace: lockoutTime\nlockoutTime: ${FILETIME_NOW}`);
  await setUser('outsider', `replace: primaryGroupID\nprimaryGroupID: ${DOMAIN_GUESTS}`);
  await domain.sambaTool('group', 'removemembers', 'Domain Users', 'outsider');
  await prepareServers();
});
afterAll(() => domain?.stop());

describe('a Samba AD DC answers a partial TGT', () => {
  const it = withPeers(...PEERS);
  const cases = DC_CASES.filter(({ source }) => source === 'samba-measured');
  it.each(cases)('$title: $answer', async (dcCase) => {
    const answer = await answerOf(dcCase, {
      transport: tcpTransport({ host: domain.address, port: 88 }),
      user: (name) => ({
        sid: sids.get(name) ?? '',
        samAccountName: name,
        upn: `${name}@corp.example.com`,
        dnsDomainName: 'corp.example.com',
        netbiosDomainName: domain.netbiosName,
      }),
      server: (name) => {
        const keys = servers.get(name);
        if (!keys) throw new Error(`no server ${name}`);
        return keys;
      },
    });
    expect(answer).toBe(dcCase.answer);
  });
});
