/** Reports: who has no key, who has one only, which keys lie idle, and of which model they are. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OTHER_AAGUID, TestKey } from '../../test/authenticator.ts';
import { registrationToken, startWorld, type World } from '../../test/world.ts';

const BLUE = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
let world: World;
const keys: Record<string, TestKey> = {};

async function add(name: string, ...aaguids: string[]) {
  const { id } = await world.admin.users.create({ userPrincipalName: `${name}@example.com` });
  for (const aaguid of aaguids) {
    const key = new TestKey(aaguid);
    const credential = key.create(await world.admin.keys.options(id));
    await world.admin.keys.register(id, { displayName: `${name}'s`, credential });
    keys[name] = key;
  }
  return id;
}

beforeAll(async () => {
  world = await startWorld();
  await add('none');
  await add('one', BLUE);
  await add('two', BLUE, OTHER_AAGUID);
  await world.admin.users.disable(await add('disabled'));
  const id = await add('removed', BLUE);
  await world.admin.keys.remove(id, keys.removed?.id ?? '');
});
afterAll(() => world.close());

const names = async (users: Promise<{ userPrincipalName: string }[]>) =>
  (await users).map(({ userPrincipalName }) => userPrincipalName.split('@')[0]);

test('users without a key, and with one only', async () => {
  expect(await names(world.admin.reports.usersWithKeys(0))).toEqual(['none', 'removed']);
  expect(await names(world.admin.reports.usersWithKeys(1))).toEqual(['one']);
});

test('keys that were not used for so many days', async () => {
  expect(await world.admin.reports.unusedKeys(10)).toEqual([]);
  world.clock.offset = 11 * 86_400;
  expect(await world.admin.reports.unusedKeys(10)).toHaveLength(3);
  const { one } = keys;
  if (one === undefined) throw new Error('no key');
  expect((await registrationToken(world, one)).status).toBe(200);
  const unused = await world.admin.reports.unusedKeys(10);
  expect(unused.map(({ userPrincipalName }) => userPrincipalName)).toEqual(Array(2).fill('two@example.com'));
  expect(unused[0]).toMatchObject({ lastUsedOn: null, displayName: "two's", model: null });
});

test('keys that policy does not accept today', async () => {
  const { reports, keyPolicies, keys: ofUsers } = world.admin;
  expect(await reports.refusedKeys()).toEqual([]);
  await keyPolicies.change('default', { transports: ['nfc'] });
  const refused = await reports.refusedKeys();
  expect(refused.map(({ userPrincipalName }) => userPrincipalName).sort()).toEqual([
    'one@example.com',
    'two@example.com',
    'two@example.com',
  ]);
  expect(refused[0]).toMatchObject({ reason: 'transport-not-allowed' });
  expect((await ofUsers.list('one'))[0]?.refused).toEqual({
    code: 'transport-not-allowed',
    message: expect.stringContaining('connect by NFC'),
  });
  await keyPolicies.remove('default');
  expect((await ofUsers.list('one'))[0]?.refused).toBeNull();
});

test('keys by model', async () => {
  expect(await world.admin.reports.models()).toEqual([
    { aaGuid: BLUE, model: null, keys: 2, users: 2 },
    { aaGuid: OTHER_AAGUID, model: null, keys: 1, users: 1 },
  ]);
});
