/** Who may join devices, how many, after which proof; and devices that were not seen for long. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { openTenant } from '../../test/open-tenant.ts';
import {
  enrol,
  joinBody,
  joinDevice,
  postJoin,
  registrationToken,
  signIn,
  startWorld,
  type World,
} from '../../test/world.ts';
import { createUser, findUser } from '../users/rules.ts';
import { joinDevice as join } from './join.ts';
import { changeDevicePolicy } from './policy.ts';
import { joinRequest } from './schema.ts';

let world: World;
let key: TestKey;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
  await world.admin.groups.create({ displayName: 'Joiners' });
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.admin.devices.changePolicy({
    join: 'everyone',
    groups: [],
    devicesPerUser: 50,
    fidoRequired: true,
  });
  for (const { id } of await world.admin.devices.list()) await world.admin.devices.delete(id);
});

async function tried(more: object = {}): Promise<string> {
  const { json } = await registrationToken(world, key);
  const { status, json: answer } = await postJoin(world, json.access_token, {
    ...(await joinBody()),
    ...more,
  });
  return status === 200 ? 'joined' : answer.suberror;
}

test('whoever the policy names may join, and nobody else; a refusal is in the audit', async () => {
  const { devices, groups, audit } = world.admin;
  expect(await tried()).toBe('joined');
  expect(await devices.changePolicy({ join: 'nobody' })).toMatchObject({
    join: 'nobody',
    devicesPerUser: 50,
  });
  expect(await tried()).toBe('join-not-allowed');
  const [line] = await audit.list({ limit: 1 });
  expect(line).toMatchObject({ event: 'device.join-refused', reason: 'join-not-allowed' });
  const { groups: named } = await devices.changePolicy({ join: 'groups', groups: ['joiners'] });
  expect(named.map(({ displayName }) => displayName)).toEqual(['Joiners']);
  expect(await tried()).toBe('join-not-allowed');
  await groups.addMember('Joiners', 'alice');
  expect(await tried()).toBe('joined');
  await groups.removeMember('Joiners', 'alice');
  const [device] = await devices.list();
  // who may not join may not join again either
  expect(await tried({ Attributes: { ReuseDevice: 'true', DeviceId: device?.id } })).toBe('join-not-allowed');
});

test('a person has as many devices as the policy says, and can join one of them again', async () => {
  await world.admin.devices.changePolicy({ devicesPerUser: 1 });
  expect(await tried()).toBe('joined');
  expect(await tried()).toBe('device-limit-reached');
  const [device] = await world.admin.devices.list();
  expect(await tried({ Attributes: { ReuseDevice: 'true', DeviceId: device?.id } })).toBe('joined');
});

test('of joins that come at once no more than the limit are let in', async () => {
  await world.admin.devices.changePolicy({ devicesPerUser: 2 });
  const { json } = await registrationToken(world, key);
  const body = await joinBody();
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => postJoin(world, json.access_token, body)),
  );
  expect(answers.map(({ status, json: answer }) => answer.suberror ?? status).sort()).toEqual([
    ...[200, 200],
    ...Array.from({ length: 4 }, () => 'device-limit-reached'),
  ]);
  expect(await world.admin.devices.list()).toHaveLength(2);
});

test('what contradicts itself is refused, and the policy stays', async () => {
  const { devices } = world.admin;
  await expect(devices.changePolicy({ join: 'groups' })).rejects.toMatchObject({ code: 'request-malformed' });
  await expect(devices.changePolicy({ devicesPerUser: 0 })).rejects.toMatchObject({
    code: 'request-malformed',
  });
  await expect(devices.changePolicy({ groups: ['No such'] })).rejects.toMatchObject({
    code: 'group-not-found',
  });
  expect(await devices.policy()).toEqual({
    join: 'everyone',
    groups: [],
    devicesPerUser: 50,
    fidoRequired: true,
  });
});

test('without a security key nobody joins, unless the policy lets a pass be enough', async () => {
  const tenant = await openTenant({ sqlite: ':memory:' });
  const by = { actor: 'admin-socket', correlationId: randomUUID() };
  await createUser(tenant, by, { userPrincipalName: 'bob@example.com' });
  const user = await findUser(tenant.store, 'bob');
  const request = joinRequest.parse(await joinBody());
  const joining = () => join(tenant, by, { user, withKey: false }, request);
  await expect(joining()).rejects.toMatchObject({ code: 'join-requires-key' });
  await changeDevicePolicy(tenant, by, { fidoRequired: false });
  expect((await joining()).User.Upn).toBe('bob@example.com');
  await tenant.store.destroy();
});

test('when a device was seen is noted to a day, and those that were not seen are found', async () => {
  const { devices } = world.admin;
  const [stale, seen] = [await joinDevice(world, key), await joinDevice(world, key)];
  expect((await devices.show(seen.id)).lastSeenOn).toBeNull();
  const later = (days: number) => {
    world.clock.offset += days * 86_400;
    return new Date(Date.now() + world.clock.offset * 1000 - 86_400_000).toISOString();
  };
  const dayBefore = later(100);
  expect((await devices.list(dayBefore)).map(({ id }) => id).sort()).toEqual([stale.id, seen.id].sort());
  expect((await signIn(world, seen, key)).status).toBe(200);
  const { lastSeenOn } = await devices.show(seen.id);
  expect(lastSeenOn).not.toBeNull();
  world.clock.offset += 60;
  await signIn(world, seen, key);
  expect((await devices.show(seen.id)).lastSeenOn).toBe(lastSeenOn);
  expect((await devices.list(dayBefore)).map(({ id }) => id)).toEqual([stale.id]);
});
