/** Users over the admin socket: names, SIDs, and what belongs together. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALICE, CORP, startWorld, type World } from '../../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('a user is created, found under each of its names, changed and deleted', async () => {
  const { users } = world.admin;
  const alice = await users.create(ALICE);
  expect(alice).toMatchObject({ ...ALICE, enabled: true });
  for (const name of [alice.id, alice.id.toUpperCase(), 'ALICE@CORP.example.com', 'alice']) {
    expect(await users.show(name)).toEqual(alice);
  }
  expect(await users.update('alice', { displayName: 'Alice A.' })).toEqual({
    ...alice,
    displayName: 'Alice A.',
  });
  expect(await users.disable('alice')).toMatchObject({ enabled: false });
  expect(await users.enable('alice')).toMatchObject({ enabled: true });
  await users.delete('alice');
  await expect(users.show('alice')).rejects.toMatchObject({ code: 'user-not-found' });
  const events = (await world.admin.audit.list()).filter((line) => line.subject === `user:${alice.id}`);
  expect(events.map((line) => [line.event, line.actor]).reverse()).toEqual(
    ['user.created', 'user.updated', 'user.disabled', 'user.enabled', 'user.deleted'].map((event) => [
      event,
      'admin-socket',
    ]),
  );
});

test('a name, whatever its case, and a SID belong to one user', async () => {
  const { users } = world.admin;
  const alice = await users.create(ALICE);
  await expect(users.create({ userPrincipalName: 'ALICE@corp.EXAMPLE.com' })).rejects.toMatchObject({
    code: 'user-exists',
  });
  const bob = { ...ALICE, userPrincipalName: 'bob@corp.example.com', onPremisesSamAccountName: 'bob' };
  await expect(users.create(bob)).rejects.toMatchObject({
    code: 'sid-taken',
    message: expect.stringContaining('Alice@'),
  });
  await users.create({ userPrincipalName: 'alice@other.example' });
  await expect(users.show('alice')).rejects.toMatchObject({ code: 'user-ambiguous' });
  await expect(
    users.update('alice@other.example', { ...ALICE, userPrincipalName: 'a2@other.example' }),
  ).rejects.toMatchObject({
    code: 'sid-taken',
  });
  await users.delete(alice.id);
  await users.delete('alice@other.example');
});

test("a SID's prefix must be its KerberosDomain's, at creation and at a change", async () => {
  const { users, kerberosDomains } = world.admin;
  await kerberosDomains.publish(CORP);
  const outside = 'S-1-5-21-1-2-3-1104';
  await expect(users.create({ ...ALICE, onPremisesSecurityIdentifier: outside })).rejects.toMatchObject({
    code: 'sid-outside-domain',
  });
  // the same digits, but another border between domain and RID
  await expect(
    users.create({ ...ALICE, onPremisesSecurityIdentifier: `${CORP.domainSid.slice(0, -1)}-1104` }),
  ).rejects.toMatchObject({ code: 'sid-outside-domain' });
  await users.create(ALICE);
  await expect(users.update('alice', { onPremisesSecurityIdentifier: outside })).rejects.toMatchObject({
    code: 'sid-outside-domain',
  });
  await users.delete('alice');
});

test.each<[string, object]>([
  ['a SID alone', { onPremisesSecurityIdentifier: ALICE.onPremisesSecurityIdentifier }],
  ['no SID', { onPremisesSamAccountName: 'x', onPremisesDomainName: 'corp.example.com' }],
])('on-premises values belong together: %s', async (_name, more) => {
  await expect(
    world.admin.users.create({ userPrincipalName: 'x@example.com', ...more }),
  ).rejects.toMatchObject({
    code: 'on-premises-incomplete',
  });
});

test.each<[string, object]>([
  ['no @', { userPrincipalName: 'alice' }],
  ['a slash', { userPrincipalName: 'a/b@example.com' }],
  ['a SID of another kind', { ...ALICE, onPremisesSecurityIdentifier: 'S-1-5-32-544' }],
  ['a SID part above 32 bits', { ...ALICE, onPremisesSecurityIdentifier: 'S-1-5-21-1-2-4294967296-500' }],
  ['a SID with a leading zero', { ...ALICE, onPremisesSecurityIdentifier: 'S-1-5-21-01-2-3-500' }],
  ['an account name with an @', { ...ALICE, onPremisesSamAccountName: 'a@b' }],
  ['an unknown member', { ...ALICE, admin: true }],
])('a malformed user is refused: %s', async (_name, user) => {
  await expect(world.admin.users.create(user as typeof ALICE)).rejects.toMatchObject({
    code: 'request-malformed',
  });
});
