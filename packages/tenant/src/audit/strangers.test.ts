/** What floods of refused requests write: bounded, whoever sends them, and nothing of the count is lost. */
import { assertionChallenge, CLIENT_IDS, DRS_RESOURCE, GRANT_TYPES } from '@kennel/prt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { enrol, joinDevice, signIn, startWorld, strayNonce, type World } from '../../test/world.ts';
import { migrateStore, openStore, type Store } from '../store/open.ts';
import { linesAfter } from './queries.ts';
import type { AuditEvent } from './rules.ts';
import { LINES_IN_ALL, LINES_PER_SOURCE, Strangers, sourceOf } from './strangers.ts';
import { AuditTrail } from './trail.ts';

let world: World | undefined;
let store: Store;
let time: number;
let strangers: Strangers;
beforeEach(async () => {
  store = openStore({ sqlite: ':memory:' });
  await migrateStore(store);
  time = Date.UTC(2026, 0, 2, 3, 4);
  const now = () => new Date(time);
  strangers = new Strangers(new AuditTrail(store, now), now);
});
afterEach(async () => {
  await store.destroy();
  await world?.close();
  world = undefined;
});

const event: AuditEvent = {
  event: 'prt.refused',
  actor: 'unknown',
  subject: 'key:x',
  outcome: 'denied',
  reason: 'key-unknown',
  correlationId: 'c',
};
const lines = () => linesAfter(store, 0, 1000);

test('of one source so many a minute are told one by one, and the rest in one line', async () => {
  for (let i = 0; i < 500; i++) await strangers.refused('203.0.113.5', event);
  expect(await lines()).toHaveLength(LINES_PER_SOURCE);
  await strangers.refused('198.51.100.1', event); // another source is heard
  expect(await lines()).toHaveLength(LINES_PER_SOURCE + 1);
  time += 60_000;
  await strangers.flush();
  expect((await lines()).at(-1)).toMatchObject({
    event: 'refusals.aggregated',
    outcome: 'denied',
    subject: `refusals:${500 - LINES_PER_SOURCE} sources:2 most-from:203.0.113.5 (500)`,
  });
  await strangers.refused('203.0.113.5', event);
  expect(await lines()).toHaveLength(LINES_PER_SOURCE + 3); // a new minute
  time += 60_000;
  await strangers.flush();
  expect(await lines()).toHaveLength(LINES_PER_SOURCE + 3); // nothing was left untold
});

test('of however many sources so many lines in all, and what is untold at the end is told', async () => {
  for (let i = 0; i < 12_000; i++)
    await strangers.refused(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, event);
  expect(await lines()).toHaveLength(LINES_IN_ALL);
  await strangers.flush(true);
  expect((await lines()).at(-1)?.subject).toMatch(/^refusals:11940 sources:10001 most-from:others \(2000\)$/);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('the source of %s is %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

test('a tenant under a flood writes few lines, and each refusal of somebody known', async () => {
  world = await startWorld();
  const { key } = await enrol(world);
  const device = await joinDevice(world, key);
  const before = (await world.admin.audit.list({ limit: 1000 })).length;
  const stranger = new TestKey();
  for (let i = 0; i < 40; i++) {
    const nonce = i % 2 === 0 ? strayNonce() : await world.nonce();
    const answer = await world.form({
      grant_type: GRANT_TYPES.fido2,
      nonce,
      assertion: JSON.stringify(stranger.assert(assertionChallenge({ purpose: 'registration', nonce }))),
      resource: DRS_RESOURCE,
      client_id: CLIENT_IDS.broker,
    });
    expect(answer.status).toBe(400);
  }
  // Who knows a device's certificate, but not its key, is nobody known either.
  const { privateKey } = (await import('node:crypto')).generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (let i = 0; i < 30; i++) {
    expect((await signIn(world, device, key, { signWith: privateKey })).json.suberror).toBe(
      'device-signature-invalid',
    );
  }
  expect((await world.admin.audit.list({ limit: 1000 })).length - before).toBeLessThanOrEqual(
    2 * LINES_PER_SOURCE + 1,
  );
  const known = (await world.admin.audit.list({ limit: 1000 })).length;
  for (let i = 0; i < 30; i++) await signIn(world, device, key, { nonce: strayNonce() });
  expect((await world.admin.audit.list({ limit: 1000 })).length - known).toBeGreaterThanOrEqual(30);
  await world.restart();
  const events = (await world.admin.audit.list({ limit: 1000 })).map((line) => line.event);
  expect(events).toContain('refusals.aggregated');
  expect(await world.admin.audit.verify()).toMatchObject({ ok: true });
});
