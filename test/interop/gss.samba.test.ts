/** The Kerberos client and GSS-API against a Samba DC: signing in, DNS, LDAP over port 389 and DCE/RPC, signed and sealed. */
import {
  type ClientSecret,
  type Credentials,
  type InitiatorOptions,
  KerberosError,
  krb5Initiator,
  locateKdcs,
  NAME_TYPE,
  principal,
  realmTransport,
  requestTgt,
  requestTicket,
  spnegoInitiator,
  srvResolver,
} from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { LAYER, LdapSasl } from '../support/ldap-sasl.ts';
import { missing, withPeers } from '../support/peers.ts';
import { AUTH_TYPE, SealedRpc } from '../support/rpc-sealed.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const PASSWORD = 'Alice!pass1';
const DRSUAPI = 'e3514235-4b06-11d1-ab04-00c04fc2dcd2';

let domain: SambaDomain;
let ldap: Credentials;

beforeAll(async () => {
  if (missing(PEERS).length > 0) return;
  const names = ['alice', 'disabled', 'locked', 'stale', 'gone'];
  domain = await startTestDomain({ users: names.map((name) => ({ name, password: PASSWORD })) });
  await domain.sambaTool('domain', 'passwordsettings', 'set', '--account-lockout-threshold=3');
  await domain.sambaTool('user', 'disable', 'disabled');
  await domain.sambaTool(
    'user',
    'setpassword',
    'stale',
    `--newpassword=${PASSWORD}`,
    '--must-change-at-next-login',
  );
  const dn = `CN=gone,CN=Users,${domain.baseDn}`;
  await domain.directory.modify(
    `dn: ${dn}\nchangetype: modify\nreplace: accountExpires\naccountExpires: 116444736000000000\n`,
  );
  ldap = await ticketFor(`ldap/${domain.fqdn}`);
});
afterAll(() => domain?.stop());

const transport = () => realmTransport({ known: { [domain.realm]: [{ host: domain.address, port: 88 }] } });
const signIn = (name: string, password = PASSWORD, more = {}) => {
  const secret: ClientSecret = { password };
  return requestTgt({
    client: principal(name),
    realm: domain.realm,
    secret,
    transport: transport(),
    ...more,
  });
};
async function ticketFor(service: string): Promise<Credentials> {
  const { credentials: tgt } = await signIn('alice');
  const sname = principal(service, NAME_TYPE.SRV_INST);
  return (await requestTicket({ tgt, sname, realm: domain.realm, transport: transport() })).credentials;
}
const refusal = (name: string, password?: string) =>
  signIn(name, password).then(
    () => 'admitted',
    (error: unknown) => (error instanceof KerberosError ? error.code : error),
  );

describe('signing in', () => {
  const it = withPeers(...PEERS);

  it('by name, by user principal name, and with the realm in lower case', async () => {
    const upn = { nameType: NAME_TYPE.ENTERPRISE, nameString: [`alice@${domain.realm.toLowerCase()}`] };
    for (const more of [{}, { client: upn }, { realm: domain.realm.toLowerCase() }]) {
      const { credentials } = await signIn('alice', PASSWORD, more);
      expect(credentials.client).toMatchObject({ realm: domain.realm, name: { nameString: ['alice'] } });
    }
  });

  it('tells the refusals apart', async () => {
    const wrong: unknown[] = [];
    for (let i = 0; i < 3; i++) wrong.push(await refusal('locked', 'wrong'));
    expect(wrong[0]).toBe('password-wrong');
    expect({
      unknown: await refusal('nobody'),
      disabled: await refusal('disabled'),
      stale: await refusal('stale'),
      gone: await refusal('gone'),
      locked: await refusal('locked'),
    }).toEqual({
      unknown: 'client-unknown',
      disabled: 'account-disabled',
      stale: 'password-expired',
      gone: 'account-expired',
      locked: 'account-refused',
    });
  });

  it("finds the KDC by the domain's own DNS", async () => {
    const resolve = srvResolver([domain.address]);
    const found = await locateKdcs(domain.realm, resolve);
    expect(found).toEqual([{ host: domain.fqdn, port: 88, udp: true, tcp: true }]);
    await expect(locateKdcs('OTHER.CORP.EXAMPLE.COM', resolve)).rejects.toMatchObject({
      code: 'kdc-not-found',
    });
  });

  it('with a clock that is two hours late', async () => {
    const late = 7_200_000;
    const { kdcTimeOffset } = await signIn('alice', PASSWORD, { now: () => new Date(Date.now() - late) });
    expect(Math.abs(kdcTimeOffset - late)).toBeLessThan(3000);
  });
});

describe('LDAP over port 389', () => {
  const it = withPeers(...PEERS);
  const options = (more: Partial<InitiatorOptions> = {}) => ({ now: new Date(), ...more });

  it.each(['SIGN', 'SEAL'] as const)('GSSAPI, layer %s', async (layer) => {
    const connection = await LdapSasl.open(domain.address);
    try {
      const { offered } = await connection.bindGssapi(krb5Initiator(ldap, options()), LAYER[layer]);
      expect(offered & LAYER[layer]).toBe(LAYER[layer]);
      expect(await connection.find(domain.baseDn, 'alice')).toContain(`CN=alice,CN=Users,${domain.baseDn}`);
      expect(connection.received.includes('alice')).toBe(layer === 'SIGN');
      expect(await connection.find(domain.baseDn, 'alice')).toHaveLength(1);
    } finally {
      connection.close();
    }
  });

  it.each([true, false])('GSS-SPNEGO, sealed: %s', async (seal) => {
    const connection = await LdapSasl.open(domain.address);
    try {
      await connection.bindSpnego(spnegoInitiator(ldap, options({ confidentiality: seal })), seal);
      expect(await connection.find(domain.baseDn, 'alice')).toContain(`CN=alice,CN=Users,${domain.baseDn}`);
      expect(connection.received.includes('alice')).toBe(!seal);
    } finally {
      connection.close();
    }
  });
});

describe('DCE/RPC', () => {
  const it = withPeers(...PEERS);

  it.each([
    ['Kerberos', true],
    ['Kerberos', false],
    ['SPNEGO', true],
  ] as const)('%s, sealed, headers signed: %s', async (kind, headers) => {
    const start = kind === 'Kerberos' ? krb5Initiator : spnegoInitiator;
    const party = start(ldap, { now: new Date(), dceStyle: true });
    const type = kind === 'Kerberos' ? AUTH_TYPE.KERBEROS : AUTH_TYPE.SPNEGO;
    const rpc = await SealedRpc.open(domain.address, type, party, headers);
    try {
      expect(rpc.headerSigning).toBe(headers);
      expect(await rpc.portOf(DRSUAPI, 4)).toBeGreaterThan(1024);
      // Samba's own sealed token: extra count and rotation as ours.
      expect(rpc.lastToken.subarray(0, 8).toString('hex')).toBe('050407ff0010001c');
      expect(await rpc.portOf(DRSUAPI, 4)).toBeGreaterThan(1024);
    } finally {
      rpc.close();
    }
  });
});
