/** The store's contract on a real PostgreSQL, and a tenant that signs people in over it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { clientTransport, connectorClientOver, enrolClient } from '@kennel/tenant/client';
import { afterAll, beforeAll, expect } from 'vitest';
import { openStore } from '../../packages/tenant/src/store/open.ts';
import { signInContract } from '../../packages/tenant/test/sign-in-contract.ts';
import { storeContract } from '../../packages/tenant/test/store-contract.ts';
import { CORP, enrol, joinDevice, signIn, startWorld } from '../../packages/tenant/test/world.ts';
import { missing, withPeers } from '../support/peers.ts';
import { type PostgresServer, startPostgres } from '../support/postgresql.ts';

const it = withPeers('postgresql');
let server: PostgresServer | undefined;
beforeAll(async () => {
  if (missing(['postgresql']).length === 0) server = await startPostgres();
});
afterAll(async () => server?.stop());

const createDatabase = (name: string) => {
  if (server === undefined) throw new Error('PostgreSQL was not started');
  return server.createDatabase(name);
};

if (missing(['postgresql']).length === 0) {
  let url: string | undefined;
  storeContract('PostgreSQL', async () => {
    url ??= createDatabase('contract');
    return openStore({ postgresql: url });
  });
  signInContract('PostgreSQL', () => ({ postgresql: createDatabase('sign_ins') }), 2);
}

it('a tenant joins a device and signs in over PostgreSQL, also after a restart', async () => {
  const world = await startWorld({ store: { postgresql: createDatabase('tenant') } });
  try {
    await world.admin.kerberosDomains.publish(CORP);
    const { key } = await enrol(world);
    const device = await joinDevice(world, key);
    const { status, json } = await signIn(world, device, key);
    expect([status, json.tgt_key_type]).toEqual([200, 18]);
    await world.restart();
    expect(await world.admin.users.show('alice')).toMatchObject({
      userPrincipalName: 'Alice@corp.example.com',
    });
    expect(await world.admin.audit.verify()).toMatchObject({ ok: true });
    expect((await world.admin.status()).store).toBe('postgresql');
  } finally {
    await world.close();
  }
});

it('a connector syncs users and groups into PostgreSQL, takes them away, and policy walks the groups', async () => {
  const world = await startWorld({ store: { postgresql: createDatabase('sync') } });
  try {
    const { token } = await world.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const clientsDir = join(world.stateDir, 'clients');
    const given = { clientsDir, tenantUrl: world.url, caFile: world.caFile, name: 'connector', token };
    const connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
    const domain = { dnsName: 'corp.example.com', netbiosName: 'CORP', domainSid: CORP.domainSid };
    const people = Array.from({ length: 250 }, (_, at) => ({
      ...{
        kind: 'user' as const,
        anchor: randomUUID(),
        version: '1',
        mail: null,
        displayName: `Person ${at}`,
      },
      ...{ userPrincipalName: `p${at}@corp.example.com`, samAccountName: `p${at}` },
      ...{ sid: `${CORP.domainSid}-${2000 + at}`, primaryGroupSid: `${CORP.domainSid}-513` },
      ...{ enabled: true, mustChangePassword: false, protected: false },
      ...{ accountExpiresOn: null, passwordExpiresOn: null, lockedUntil: null },
    }));
    const [first] = people;
    const group = (name: string, rid: number) =>
      ({ kind: 'group', anchor: randomUUID(), version: '1', name, sid: `${CORP.domainSid}-${rid}` }) as const;
    const [outer, inner] = [group('Outer', 4001), group('Inner', 4002)];
    const members = (of: { anchor: string }, ...anchors: string[]) =>
      ({ kind: 'members', group: of.anchor, from: '', to: null, members: anchors }) as const;
    const run = async (objects: Parameters<typeof connector.push>[1]['objects']) => {
      const { runId } = await connector.begin({ ...domain, mode: 'full' });
      const { counts } = await connector.push(runId, { sequence: 1, objects, state: 'here' });
      await connector.end(runId, { outcome: 'completed' });
      return counts;
    };
    const anchor = first?.anchor ?? '';
    const all = [...people, outer, inner, members(outer, inner.anchor), members(inner, anchor)];
    expect(await run(all)).toEqual({ created: 252, updated: 0, deleted: 0, problems: 0 });
    expect((await world.admin.groups.members('CORP\\Outer')).map(({ displayName }) => displayName)).toEqual([
      'Person 0',
    ]);
    await world.admin.keyPolicies.change('CORP\\Outer', { attestationEnforced: true });
    expect(await world.admin.keyPolicies.effective('p0')).toMatchObject({ attestationEnforced: true });
    expect(await world.admin.users.account('p0')).toMatchObject({ signInRefusal: null, enabled: true });
    const renamed = people.slice(0, 2).map((each) => ({ ...each, version: '2', displayName: 'Renamed' }));
    expect(await run([...renamed, { kind: 'gone', of: 'user', anchor: people[9]?.anchor ?? '' }])).toEqual({
      ...{ created: 0, updated: 2, deleted: 1, problems: 0 },
    });
    expect((await connector.state()).state).toBe('here');
    let versions = 0;
    for await (const { version } of connector.versions('user')) versions += version.length;
    expect(versions).toBe(249);
    expect((await world.admin.users.list()).length).toBe(249);
    expect(await world.admin.audit.verify()).toMatchObject({ ok: true });
  } finally {
    await world.close();
  }
});
