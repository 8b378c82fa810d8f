/** The table on the embedded domain, and the page that is made of it. */
import { readFileSync } from 'node:fs';
import { joinKvno, Key, splitKvno, tcpTransport } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RID } from '../domain/directory.ts';
import { type LabDomain, startLabDomain } from '../domain/lab-domain.ts';
import { type CaseServer, type CaseUser, DC_CASES } from './cases.ts';
import type { ServerKeys } from './forge.ts';
import { dcAnswersPage } from './page.ts';
import { answerOf } from './run.ts';

let domain: LabDomain;
const sids = new Map<CaseUser, string>();
const servers = new Map<CaseServer, ServerKeys>();

beforeAll(async () => {
  domain = await startLabDomain();
  const { directory } = domain;
  const past = new Date(Date.now() - 86_400_000);
  const states = {
    alice: {},
    disabled: { enabled: false },
    locked: { lockedOut: true },
    expired: { expiresAt: past },
    'must-change': { mustChangePassword: true },
    denied: {},
    outsider: { primaryGroup: RID.DOMAIN_GUESTS },
  };
  for (const [name, state] of Object.entries(states))
    sids.set(name as CaseUser, directory.addUser({ samAccountName: name, ...state })); // the keys are the case users
  directory.addMember(directory.sid(RID.DOMAIN_ADMINS), sids.get('denied') ?? '');
  for (const server of ['sound', 'unlinked', 'no-partial-secrets', 'rotated'] as const) {
    const { number, kvno, key } = directory.createKerberosServerObjects();
    servers.set(server, { realm: directory.realm, kvno, current: key });
    const krbtgt = await directory.findKrbtgt(number);
    if (!krbtgt?.rodc) throw new Error('the lab made no Kerberos server object');
    if (server === 'unlinked') directory.setKrbtgt({ ...krbtgt, rodc: { ...krbtgt.rodc, linked: false } });
    if (server === 'no-partial-secrets')
      directory.setKrbtgt({ ...krbtgt, rodc: { ...krbtgt.rodc, partialSecrets: false } });
    if (server === 'rotated') {
      const current = Key.random();
      directory.setKrbtgt({ ...krbtgt, keys: [{ version: 2, key: current }, ...krbtgt.keys] });
      servers.set(server, {
        realm: directory.realm,
        kvno: joinKvno(splitKvno(kvno).number, 2),
        current,
        previous: key,
      });
    }
  }
});
afterAll(() => domain.close());

describe('the embedded domain answers a partial TGT', () => {
  // Where Samba and Windows differ, the embedded domain plays Windows.
  const cases = DC_CASES.filter(({ id }) => id !== 'key-list-ignored');
  it.each(cases)('$title: $answer', async (dcCase) => {
    const { dnsDomainName, netbiosDomainName } = domain.directory;
    const answer = await answerOf(dcCase, {
      transport: tcpTransport(domain.kdc),
      user: (name) => ({
        sid: sids.get(name) ?? '',
        samAccountName: name,
        upn: `${name}@${dnsDomainName}`,
        dnsDomainName,
        netbiosDomainName,
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

it('the page in docs/ is that of the table', () => {
  expect(
    readFileSync(new URL('../../../../docs/domain-controller-answers.md', import.meta.url), 'utf8'),
  ).toBe(dcAnswersPage());
});
