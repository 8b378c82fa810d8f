/** The log of ceremonies: what each step leaves behind, how it is found again, and that it stays bounded. */
import { assertionChallenge, CLIENT_IDS, DRS_RESOURCE, GRANT_TYPES } from '@kennel/prt';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { OTHER_AAGUID, TestKey } from '../../test/authenticator.ts';
import {
  ALICE,
  enrol,
  joinDevice,
  registrationToken,
  signIn,
  startWorld,
  type World,
} from '../../test/world.ts';
import { migrateStore, openStore } from '../store/open.ts';
import { CEREMONY_EVENTS } from './events.ts';
import { CeremonyLog, STRANGERS_A_MINUTE } from './log.ts';
import { listCeremonyEvents, purgeCeremonyEvents } from './queries.ts';
import { type CeremonyStep, ceremonyQuery } from './schema.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('a registration and a sign-in leave their steps, each under the trace id of its answer', async () => {
  world = await startWorld();
  const { user, key } = await enrol(world);
  const device = await joinDevice(world, key);
  const answer = await signIn(world, device, key, { flags: 0x01 });
  expect(answer.json.suberror).toBe('assertion-invalid');
  const events = (await world.admin.ceremonies.list({ user: 'alice' })).reverse();
  expect(events.map(({ event, purpose }) => [event, purpose])).toEqual([
    [1000, 'key-registration'],
    [1001, 'key-registration'],
    [1004, 'device-registration'],
  ]);
  const [started, completed] = events;
  expect(completed).toMatchObject({
    userId: user.id,
    userPrincipalName: ALICE.userPrincipalName,
    credentialId: key.id,
    aaGuid: OTHER_AAGUID,
    origin: 'https://localhost',
    rpId: 'localhost',
    step: 'registration completed',
  });
  // Both steps are of one ceremony, and either's trace id finds the other.
  expect(started?.ceremony).toBe(completed?.ceremony);
  expect(started?.traceId).not.toBe(completed?.traceId);
  const found = await world.admin.ceremonies.list({ trace: started?.traceId });
  expect(found.map(({ event }) => event)).toEqual([1001, 1000]);
  // A refusal before anybody is known has no user, and is found by the number that the page shows.
  const [refused, ...more] = await world.admin.ceremonies.list({ trace: answer.json.trace_id });
  expect(more).toEqual([]);
  expect(refused).toMatchObject({
    event: CEREMONY_EVENTS.ASSERTION_FAILED,
    userId: null,
    reason: 'assertion-invalid',
    purpose: 'prt',
  });
});

test('a refused registration says why and by which model', async () => {
  world = await startWorld();
  await world.admin.users.create(ALICE);
  const key = new TestKey();
  const credential = key.create(await world.admin.keys.options('alice'), { origin: 'https://evil.example' });
  await expect(world.admin.keys.register('alice', { displayName: 'k', credential })).rejects.toThrow();
  const [last] = await world.admin.ceremonies.list({ user: 'alice', limit: 1 });
  expect(last).toMatchObject({
    event: 1002,
    reason: 'registration-invalid',
    origin: 'https://evil.example',
    aaGuid: OTHER_AAGUID,
  });
});

test('a command tells of its side of the ceremony, in a shape that holds nothing else', async () => {
  world = await startWorld();
  await world.admin.users.create(ALICE);
  const { publicKey } = await world.admin.keys.options('alice');
  const report = { event: 2103 as const, user: 'alice', challenge: publicKey.challenge };
  const step = { ...report, clientError: 'pin-blocked', ctapStatus: 0x32, elapsedMs: 1234 };
  const { traceId } = await world.admin.ceremonies.report(step);
  const found = await world.admin.ceremonies.list({ trace: traceId });
  expect(found.map(({ event }) => event)).toEqual([2103, 1000]);
  expect(found[0]).toMatchObject({ ctapStatus: 0x32, clientError: 'pin-blocked', elapsedMs: 1234 });
  await expect(
    world.admin.ceremonies.report({ ...report, clientError: 'my PIN is 1234' }),
  ).rejects.toMatchObject({ code: 'request-malformed' });
  await expect(
    world.admin.ceremonies.report({ ...report, pin: '1234' } as typeof report),
  ).rejects.toMatchObject({ code: 'request-malformed' });
});

test('strangers fill a part of it only, and old steps are forgotten', async () => {
  const store = openStore({ sqlite: ':memory:' });
  await migrateStore(store);
  let time = Date.UTC(2026, 0, 2);
  const log = new CeremonyLog({
    store,
    rpId: 'localhost',
    log: pino({ level: 'silent' }),
    now: () => new Date(time),
  });
  const step: CeremonyStep = { event: 1003, purpose: 'web', traceId: 'a' };
  for (let i = 0; i < 2 * STRANGERS_A_MINUTE; i++) log.record(step);
  log.record({ ...step, userId: 'somebody' });
  await log.flush();
  const count = async () =>
    (await listCeremonyEvents(store, ceremonyQuery.parse({ limit: 1000 }), undefined)).length;
  expect(await count()).toBe(STRANGERS_A_MINUTE + 1);
  time += 60_000;
  log.record(step);
  await log.flush();
  await purgeCeremonyEvents(store, new Date(time).toISOString(), 1000);
  expect(await count()).toBe(1);
  for (let i = 0; i < 50; i++) log.record(step);
  await log.flush();
  await purgeCeremonyEvents(store, '', 20);
  expect(await count()).toBe(20);
  await store.destroy();
});

test('an answer for another purpose is a step of its own', async () => {
  world = await startWorld();
  const { key } = await enrol(world);
  const nonce = await world.nonce();
  const assertion = key.assert(
    assertionChallenge({ purpose: 'prt', nonce, deviceCertificate: Buffer.from('x') }),
  );
  const answer = await world.form({
    grant_type: GRANT_TYPES.fido2,
    nonce,
    assertion: JSON.stringify(assertion),
    resource: DRS_RESOURCE,
    client_id: CLIENT_IDS.broker,
  });
  expect(answer.json.suberror).toBe('assertion-wrong-purpose');
  expect((await registrationToken(world, key)).status).toBe(200);
  const [last, before] = await world.admin.ceremonies.list();
  expect([last?.event, before?.event, before?.reason]).toEqual([1004, 1005, 'assertion-wrong-purpose']);
});
