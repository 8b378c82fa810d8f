/** The locator on a real Samba domain through its own DNS, and on the embedded domain. */
import { locateDomainController } from '@kennel/active-directory';
import { srvResolver } from '@kennel/kerberos';
import { type LabDomain, startLabDomain } from '@kennel/lab';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SambaDomain } from '../../packages/lab/src/samba/index.ts';
import { kennel } from '../support/kennel.ts';
import { missing, withPeers } from '../support/peers.ts';
import { startTestDomain } from '../support/samba.ts';

const PEERS = ['samba', 'namespaces'] as const;
const DOMAIN = 'corp.example.com';

describe('on a Samba domain', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  beforeAll(async () => {
    if (missing(PEERS).length === 0) domain = await startTestDomain();
  });
  afterAll(() => domain?.stop());

  const locate = (...more: string[]) =>
    kennel(['dc', 'locate', DOMAIN, '--dns', domain.address, ...more], {});

  it('finds the domain controller through DNS and prints what nltest prints', async () => {
    const { exitCode, stdout } = await locate('--kdc', '--writable');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `           DC: \\\\dc1.${DOMAIN}\n      Address: \\\\${domain.address}\n     Dom Guid: `,
    );
    expect(stdout).toContain(
      '        Flags: PDC GC DS LDAP KDC TIMESERV GTIMESERV WRITABLE DNS_DC DNS_DOMAIN DNS_FOREST CLOSE_SITE FULL_SECRET\n',
    );
  });

  it('says truthfully that Samba has no key list', async () => {
    const { exitCode, json } = await locate('--keylist', '--json');
    expect(exitCode).toBe(39);
    expect(json).toMatchObject([
      { error: { code: 'dc-lacking', message: expect.stringContaining('KEYLIST') } },
    ]);
  });

  it('reads the SRV records of the DNS server of Samba, which compresses their targets', async () => {
    const records = await srvResolver([domain.address])(`_kerberos._tcp.${DOMAIN}`);
    expect(records).toEqual([{ name: `dc1.${DOMAIN}`, port: 88, priority: 0, weight: 100 }]);
    await expect(srvResolver([domain.address])(`_nothing._tcp.${DOMAIN}`)).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  it('looks in a site, and says so where DNS knows none', async () => {
    expect(await locate('--site', 'Default-First-Site-Name')).toMatchObject({ exitCode: 0 });
    expect((await locate('--site', 'Nowhere', '--json')).json).toMatchObject([
      { error: { code: 'dc-not-found' } },
    ]);
  });
});

describe('on the embedded domain', () => {
  let domain: LabDomain;
  beforeAll(async () => {
    domain = await startLabDomain();
  });
  afterAll(() => domain.close());

  it('shows KEYLIST', async () => {
    const { host, port } = domain.cldap;
    const { exitCode, stdout } = await kennel(
      ['dc', 'locate', DOMAIN, '--keylist', '--kdc', '--dc', `${host}:${port}`],
      {},
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      'Flags: PDC GC DS LDAP KDC TIMESERV GTIMESERV WRITABLE DNS_DC DNS_DOMAIN DNS_FOREST CLOSE_SITE FULL_SECRET WS DS_8 DS_9 DS_10 KEYLIST\n',
    );
  });

  it('goes on to the next controller where one is silent', async () => {
    const found = await locateDomainController({
      domain: DOMAIN,
      controllers: [{ host: '127.0.0.1', port: 9 }, domain.cldap],
      timeout: 300,
    });
    expect(found.hostName).toBe(`dc1.${DOMAIN}`);
    await expect(
      locateDomainController({ domain: DOMAIN, controllers: [{ host: '127.0.0.1', port: 9 }], timeout: 300 }),
    ).rejects.toMatchObject({ code: 'dc-timeout' });
  });
});
