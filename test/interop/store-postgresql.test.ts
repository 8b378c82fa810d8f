/** The store's contract on a real PostgreSQL, and a tenant that signs people in over it. */
import { afterAll, beforeAll, expect } from 'vitest';
import { openStore } from '../../packages/tenant/src/store/open.ts';
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
