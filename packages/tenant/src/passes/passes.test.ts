/** Temporary Access Passes: made, shown once, redeemed, used up by a registration, and closed to guesses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALICE, startWorld, type World } from '../../test/world.ts';
import { Strangers } from '../audit/strangers.ts';
import { AuditTrail } from '../audit/trail.ts';
import { TenantError } from '../errors.ts';
import { migrateStore, openStore, type Store } from '../store/open.ts';
import type { Tenant } from '../tenant.ts';
import { createUser } from '../users/rules.ts';
import { Gate, hashPass, isPass } from './hash.ts';
import { changePassPolicy } from './policy.ts';
import { consumePass, redeemPass } from './redeem.ts';
import { createPass, removePass, showPass } from './rules.ts';
import { makePass, readPass, spelled } from './text.ts';
import { TRIES_A_NAME, TRIES_A_SOURCE } from './tries.ts';

let store: Store;
let tenant: Tenant;
let time = Date.UTC(2026, 0, 2);
const by = { actor: 'admin-socket', correlationId: 'c' };
const from = { source: '203.0.113.5', correlationId: 'c' };
const NAME = ALICE.userPrincipalName;

beforeAll(async () => {
  store = openStore({ sqlite: ':memory:' });
  await migrateStore(store);
  const now = () => new Date(time);
  const audit = new AuditTrail(store, now);
  const strangers = new Strangers(audit, now);
  // what the rules of passes and users ask of a tenant
  tenant = { store, audit, strangers, now, log: pino({ level: 'silent' }) } as unknown as Tenant;
  await createUser(tenant, by, { userPrincipalName: NAME });
});
afterAll(() => store.destroy());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof TenantError ? error.code : String(error)),
  );
const redeem = (pass: string, userName = NAME) => redeemPass(tenant, from, { userName, pass });
/** Reckons nothing: what is counted is what matters. */
const quick = { verify: async () => false, gate: new Gate(1, 0) };
const passes = (minutes: number) => {
  time += minutes * 60_000;
};

test('a pass is good from its start to its end, as a person types it, until a registration uses it', async () => {
  const made = await createPass(tenant, by, 'alice', { lifetimeInMinutes: 60 });
  const pass = made.temporaryAccessPass ?? '';
  expect(pass).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
  expect(made).toMatchObject({ isUsableOnce: true, isUsable: true, lifetimeInMinutes: 60 });
  const shown = await showPass(tenant, 'alice');
  expect(shown).toEqual({ ...made, temporaryAccessPass: null });

  const redeemed = await redeem(` ${spelled(pass).toLowerCase()} `, NAME.toUpperCase());
  expect(redeemed).toMatchObject({ passId: made.id, user: { user_principal_name: NAME } });
  await redeem(pass); // a click does not use it up
  await consumePass(store, redeemed.passId, tenant.now());
  expect(await codeOf(consumePass(store, redeemed.passId, tenant.now()))).toBe('pass-used');
  expect(await codeOf(redeem(pass))).toBe('pass-invalid');
  expect(await showPass(tenant, 'alice')).toMatchObject({ methodUsabilityReason: 'OneTimeUsed' });

  const later = await createPass(tenant, by, 'alice', {
    startDateTime: new Date(time + 3_600_000).toISOString(),
    isUsableOnce: false,
  });
  const second = later.temporaryAccessPass ?? '';
  expect(await codeOf(redeem(second))).toBe('pass-invalid');
  passes(61);
  for (let i = 0; i < 3; i++) {
    await consumePass(store, (await redeem(second)).passId, tenant.now());
  }
  passes(60);
  expect(await codeOf(redeem(second))).toBe('pass-invalid');
  expect(await codeOf(consumePass(store, later.id, tenant.now()))).toBe('pass-used');
});

test('a new pass takes the place of the old one, also where that was redeemed already', async () => {
  const old = await createPass(tenant, by, 'alice', {});
  const { passId } = await redeem(old.temporaryAccessPass ?? '');
  const fresh = await createPass(tenant, by, 'alice', {});
  expect(await codeOf(redeem(old.temporaryAccessPass ?? ''))).toBe('pass-invalid');
  expect(await codeOf(consumePass(store, passId, tenant.now()))).toBe('pass-used');
  await removePass(tenant, by, 'alice');
  expect(await codeOf(redeem(fresh.temporaryAccessPass ?? ''))).toBe('pass-invalid');
  expect(await codeOf(showPass(tenant, 'alice'))).toBe('pass-not-found');
});

test('names that nobody has are locked after as many tries as others, and an administrator unlocks', async () => {
  passes(30);
  const codes = async (userName: string) => {
    const seen: string[] = [];
    const given = { userName, pass: 'ABCD-EFGH' };
    for (let i = 0; i < TRIES_A_NAME + 1; i++) {
      seen.push(await codeOf(redeemPass(tenant, from, given, quick)));
    }
    return seen;
  };
  await createPass(tenant, by, 'alice', {});
  const expected = [...Array(TRIES_A_NAME).fill('pass-invalid'), 'pass-locked'];
  expect(await codes(NAME)).toEqual(expected);
  expect(await codes('nobody@corp.example.com')).toEqual(expected);
  const { temporaryAccessPass: pass } = await createPass(tenant, by, 'alice', {});
  expect(await codeOf(redeem(pass ?? ''))).toBe('done');
  const refused = await store.selectFrom('audit').selectAll().where('event', '=', 'pass.refused').execute();
  expect(refused.some(({ reason }) => reason === 'pass-locked')).toBe(true);
});

test('one source cannot lock a whole company', async () => {
  passes(30);
  for (let i = 0; i < TRIES_A_SOURCE; i++) {
    const given = { userName: `user${i}@corp.example.com`, pass: 'ABCDEFGH' };
    expect(await codeOf(redeemPass(tenant, from, given, quick))).toBe('pass-invalid');
  }
  expect(await codeOf(redeem('ABCDEFGH'))).toBe('pass-locked');
  const elsewhere = { ...from, source: '198.51.100.1' };
  expect(await codeOf(redeemPass(tenant, elsewhere, { userName: NAME, pass: 'ABCDEFGH' }))).toBe(
    'pass-invalid',
  );
});

test('policy bounds what is made', async () => {
  passes(30);
  const make = (given: Parameters<typeof createPass>[3]) => codeOf(createPass(tenant, by, 'alice', given));
  expect(await make({ lifetimeInMinutes: 1441 })).toBe('pass-outside-policy');
  await changePassPolicy(tenant, by, { maximumLifetimeInMinutes: 43_200, defaultLength: 48 });
  const long = await createPass(tenant, by, 'alice', { lifetimeInMinutes: 43_200 });
  expect(long.temporaryAccessPass).toHaveLength(48);
  await changePassPolicy(tenant, by, { isUsableOnce: true, minimumLifetimeInMinutes: 30 });
  expect(await make({ isUsableOnce: false })).toBe('pass-outside-policy');
  expect(await make({ lifetimeInMinutes: 29 })).toBe('pass-outside-policy');
  expect(await codeOf(changePassPolicy(tenant, by, { defaultLifetimeInMinutes: 29 }))).toBe(
    'request-malformed',
  );
  await changePassPolicy(tenant, by, { state: 'disabled' });
  expect(await make({})).toBe('passes-off');
  expect(await codeOf(redeem(long.temporaryAccessPass ?? ''))).toBe('passes-off');
});

test('the gate lets so many in, has so many wait, and sends the others away before they count', async () => {
  const gate = new Gate(2, 3);
  let [inside, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside -= 1;
    if (most === 2) throw new Error('work that fails leaves its place as well');
  };
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => gate.run(work)));
  expect(most).toBe(2);
  expect(results.filter((result) => result.status === 'rejected')).toHaveLength(5);
  expect((await gate.run(async () => 'free'))?.value).toBe('free');
});

test('a hash is argon2id, of that pass alone, and never the same twice', async () => {
  const hash = await hashPass('ABCDEFGH');
  expect(await isPass('ABCDEFGH', hash)).toBe(true);
  expect(await isPass('ABCDEFGJ', hash)).toBe(false);
  expect(await isPass('ABCDEFGH', undefined)).toBe(false);
  expect(await hashPass('ABCDEFGH')).not.toBe(hash);
});

test('whatever a person does to the spelling of a pass, it is read as it was made', () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 48 }), (length) => {
      const pass = makePass(length);
      expect(pass).toHaveLength(length);
      const typed = spelled(pass).toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l');
      expect(readPass(`\t${typed.replaceAll('-', '\u2013 ')}`)).toBe(pass);
    }),
  );
  for (const no of ['', 'ABCDEFG', 'ABCDEFGU', 'ABCDEFG!', 'A'.repeat(49), 'A-'.repeat(80)]) {
    expect(readPass(no), no).toBeUndefined();
  }
});

test('over the admin socket; the database and the log never hold the pass', async () => {
  const world: World = await startWorld();
  try {
    await world.admin.users.create(ALICE);
    const { temporaryAccessPass: pass = '' } = await world.admin.passes.create('alice');
    expect(await world.admin.passes.show('alice')).toMatchObject({ temporaryAccessPass: null });
    expect(await world.admin.passes.changePolicy({ defaultLength: 12 })).toMatchObject({ defaultLength: 12 });
    expect((await world.admin.passes.create('alice')).temporaryAccessPass).toHaveLength(12);
    await world.admin.passes.remove('alice');
    await expect(world.admin.passes.show('alice')).rejects.toMatchObject({ code: 'pass-not-found' });
    const files = ['tenant.db', 'tenant.db-wal'].map((name) => readFileSync(join(world.stateDir, name)));
    for (const file of files) expect(file.includes(pass ?? '')).toBe(false);
    expect(world.logged.join('')).not.toContain(pass);
  } finally {
    await world.close();
  }
});
