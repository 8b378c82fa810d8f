/** The lab's second controller: it joins, is found by DNS, has what the first had, and takes changes only when it may. */
import { locateDomainController } from '@kennel/active-directory';
import { srvResolver } from '@kennel/kerberos';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  type AddedController,
  type SambaDomain,
  startSambaDomain,
} from '../../packages/lab/src/samba/index.ts';
import { missing, withPeers } from '../support/peers.ts';

const PEERS = ['samba', 'namespaces'] as const;

describe('two controllers of one domain', () => {
  const it = withPeers(...PEERS);
  let domain: SambaDomain;
  let dc2: AddedController;

  beforeAll(async () => {
    if (missing(PEERS).length > 0) return;
    domain = await startSambaDomain({ users: [{ name: 'alice' }] });
    dc2 = await domain.addController('dc2');
  });
  afterAll(() => domain?.stop());

  const description = async (controller: Pick<SambaDomain, 'directory'>) => {
    const [alice] = await controller.directory.search({
      filter: '(sAMAccountName=alice)',
      attributes: ['description'],
    });
    return alice?.attributes.description?.[0];
  };

  it('are both found by DNS, at either of them, and both are writable', async () => {
    for (const { address } of [domain, dc2]) {
      const records = await srvResolver([address])('_ldap._tcp.dc._msdcs.corp.example.com');
      expect(records.map(({ name }) => name).sort()).toEqual([domain.fqdn, dc2.fqdn]);
    }
    const found = await locateDomainController({
      domain: 'corp.example.com',
      controllers: [{ host: dc2.address }],
      require: ['kdc', 'writable'],
    });
    expect(found.hostName).toBe(dc2.fqdn);
  });

  it('take changes from one another only while replication is not held back', async () => {
    const alice = `CN=alice,CN=Users,${domain.baseDn}`;
    const change = (text: string) =>
      domain.directory.modify(
        `dn: ${alice}\nchangetype: modify\nreplace: description\ndescription: ${text}\n`,
      );
    await change('first');
    await dc2.pull();
    expect(await description(dc2)).toBe('first');
    await dc2.holdReplication();
    await change('second');
    await expect(dc2.pull()).rejects.toMatchObject({ code: 'program-failed' });
    expect(await description(dc2)).toBe('first');
    await dc2.releaseReplication();
    await dc2.pull();
    expect(await description(dc2)).toBe('second');
  });
});
