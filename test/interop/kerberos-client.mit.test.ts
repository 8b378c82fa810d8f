/** The Kerberos client against MIT's KDC: signing in, refusals, other salts and clocks, referrals, MIT's own programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ClientSecret,
  decodeKeytab,
  encodeCcache,
  KerberosError,
  principal,
  principalText,
  realmTransport,
  requestTgt,
  requestTicket,
  udpTransport,
} from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { runProgram } from '../../packages/lab/src/samba/index.ts';
import { type MitKdc, startMitKdc } from '../support/mit-kdc.ts';
import { missing, withPeers } from '../support/peers.ts';

const PEERS = ['mitKdc', 'mit'] as const;
const REALM = 'A.TEST';
const OTHER = 'B.TEST';
const HOUR = 3_600_000;

let kdc: MitKdc;
beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  kdc = await startMitKdc([
    {
      realm: REALM,
      setup: [
        'addprinc -pw secret alice',
        'addprinc -pw secret -e aes128-cts-hmac-sha1-96:onlyrealm bob',
        'addprinc -pw secret -requires_preauth open',
        'addprinc -pw secret -pwexpire yesterday stale',
        'addprinc -pw secret -expire yesterday gone',
        'addprinc -pw secret -allow_tix locked',
        'addprinc -pw secret -e arcfour-hmac:normal old',
        'addprinc -randkey host/web.a.test',
        `addprinc -pw trust krbtgt/${OTHER}@${REALM}`,
      ],
    },
    {
      realm: OTHER,
      setup: ['addprinc -randkey host/web.b.test', `addprinc -pw trust krbtgt/${OTHER}@${REALM}`],
    },
  ]);
});
afterAll(() => kdc?.stop());

const transport = () => realmTransport({ known: { [REALM]: [kdc], [OTHER]: [kdc] } });
const signIn = (name: string, secret: ClientSecret = { password: 'secret' }, more = {}) =>
  requestTgt({ client: principal(name), realm: REALM, secret, transport: transport(), ...more });
const refusal = (name: string, secret?: ClientSecret) =>
  signIn(name, secret).then(
    () => 'admitted',
    (error: unknown) => (error instanceof KerberosError ? error.code : error),
  );

describe('signing in', () => {
  const it = withPeers(...PEERS);

  it('with a password, and MIT takes the TGT from our ccache', async () => {
    const { credentials, kdcTimeOffset } = await signIn('alice');
    expect(principalText(credentials.server.name)).toBe(`krbtgt/${REALM}`);
    expect(kdcTimeOffset).toBe(0);
    const ccache = join(kdc.dir, 'alice');
    const bytes = encodeCcache({ principal: credentials.client, credentials: [credentials] });
    writeFileSync(ccache, bytes, { mode: 0o600 });
    const env = { ...process.env, KRB5_CONFIG: kdc.krb5Conf, KRB5CCNAME: `FILE:${ccache}`, LC_ALL: 'C' };
    const { stdout } = await runProgram('kvno', ['host/web.a.test'], { env });
    expect(stdout).toContain(`host/web.a.test@${REALM}: kvno = 1`);
  });

  it('with a key out of a keytab', async () => {
    const keytab = join(kdc.dir, 'alice.keytab');
    await kdc.kadmin(REALM, `ktadd -norandkey -k ${keytab} alice`);
    const entries = decodeKeytab(readFileSync(keytab));
    const { credentials } = await signIn('alice', { keytab: entries });
    expect(credentials.client.name.nameString).toEqual(['alice']);
    expect(await refusal('bob', { keytab: entries })).toBe('keytab-empty');
    const wrong = entries.map((entry) => ({ ...entry, key: Buffer.alloc(entry.key.length, 7) }));
    expect(await refusal('alice', { keytab: wrong })).toBe('password-wrong');
  });

  it('with a salt that is not the default, an AES-128 key, and without pre-authentication', async () => {
    expect((await signIn('bob')).credentials.client.name.nameString).toEqual(['bob']);
    expect((await signIn('open')).credentials.client.name.nameString).toEqual(['open']);
    expect(await refusal('open', { password: 'wrong' })).toBe('password-wrong');
  });

  it('tells the refusals apart', async () => {
    const told = {
      wrong: await refusal('alice', { password: 'wrong' }),
      unknown: await refusal('nobody'),
      stale: await refusal('stale'),
      gone: await refusal('gone'),
      locked: await refusal('locked'),
      rc4Only: await refusal('old'),
    };
    expect(told).toEqual({
      wrong: 'password-wrong',
      unknown: 'client-unknown',
      stale: 'password-expired',
      gone: 'account-expired',
      locked: 'account-refused',
      rc4Only: 'etype-unsupported',
    });
  });

  it.each([2 * HOUR, -2 * HOUR])('with a clock that is off by %d ms', async (off) => {
    const now = () => new Date(Date.now() - off);
    const { credentials, kdcTimeOffset } = await signIn('alice', undefined, { now });
    expect(Math.abs(kdcTimeOffset - off)).toBeLessThan(3000);
    const asked = { tgt: credentials, realm: REALM, transport: transport(), now };
    const ticket = await requestTicket({ ...asked, sname: principal('host/web.a.test', 3) });
    expect(Math.abs(ticket.kdcTimeOffset - off)).toBeLessThan(3000);
  });

  it('over UDP alone', async () => {
    const { credentials } = await signIn('alice', undefined, { transport: udpTransport(kdc) });
    expect(credentials.key.value).toHaveLength(32);
  });
});

describe('services', () => {
  const it = withPeers(...PEERS);

  it('follows the referral to the realm that has the service', async () => {
    const { credentials: tgt } = await signIn('alice');
    const asked = { tgt, realm: REALM, transport: transport() };
    const { credentials } = await requestTicket({ ...asked, sname: principal('host/web.b.test', 3) });
    expect(credentials.server).toMatchObject({ realm: OTHER, name: { nameString: ['host', 'web.b.test'] } });
    expect(credentials.client.realm).toBe(REALM);

    const crossRealm = await requestTicket({ ...asked, sname: principal(`krbtgt/${OTHER}`) });
    expect(principalText(crossRealm.credentials.server.name)).toBe(`krbtgt/${OTHER}`);
    await expect(requestTicket({ ...asked, sname: principal('host/none.b.test', 3) })).rejects.toMatchObject({
      errorName: 'S_PRINCIPAL_UNKNOWN',
    });
  });
});
