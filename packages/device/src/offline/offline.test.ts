/** Signing in without the tenant, against a real tenant that is taken away, a software key and the embedded domain. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCcache } from '@kennel/kerberos';
import { open } from '@kennel/secrets';
import type { SecurityKey } from '@kennel/security-key';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contents, failing, PIN, startWorld, type World } from '../../test/world.ts';
import { joinDevice, leaveDevice, readStatus, renewPrt, signInAnywhere, signOut, unlock } from '../index.ts';
import { liveSecrets, removeBootKey } from '../state/boot-key.ts';
import { certificateOf, keysOf, readDevice, writeDevice } from '../state/device.ts';
import { machineKey } from '../state/seal.ts';
import { listUsers, userLabel } from '../state/user.ts';
import { listCaches } from './cache.ts';

const DAYS = 86_400_000;
const ALICE = 'alice@corp.example.com';
let world: World;
let bob: SecurityKey;
let joined: At;
beforeAll(async () => {
  world = await startWorld();
  joined = await world.join('joined');
  ({ key: bob } = await world.enrol('bob'));
}, 60_000);
afterAll(() => world.close());

type At = Awaited<ReturnType<World['join']>>;
const deviceIdOf = (at: At) => readDevice(at.stateDir).device.id;
const reboot = (at: At) => removeBootKey(at.stateDir, deviceIdOf(at));
/** Nothing listens where this device looks for its tenant. */
function withoutTenant(at: At): void {
  const record = readDevice(at.stateDir);
  const nowhere = (url: string) => `https://localhost:1${new URL(url).pathname}`;
  writeDevice(at.stateDir, {
    ...record,
    tenant: { ...record.tenant, tokenEndpoint: nowhere(record.tenant.tokenEndpoint) },
  });
}
function withTenant(at: At, of: ReturnType<typeof readDevice>): void {
  writeDevice(at.stateDir, { ...readDevice(at.stateDir), tenant: of.tenant });
}
/** The same joined device, with a state of its own: joining makes four RSA keys. */
function copyOf(name: string): At {
  const at = world.device(name);
  cpSync(joined.stateDir, at.stateDir, { recursive: true });
  return at;
}
/** Signed in once, switched off, and out of reach of the tenant. */
async function away(
  name: string,
  at = copyOf(name),
): Promise<At & { record: ReturnType<typeof readDevice> }> {
  await world.signIn(at);
  const record = readDevice(at.stateDir);
  reboot(at);
  rmSync(at.ccache);
  withoutTenant(at);
  return { ...at, record };
}
const anywhere = (at: At, more: Partial<Parameters<typeof signInAnywhere>[0]> = {}) =>
  signInAnywhere({ stateDir: at.stateDir, ccache: at.ccache, key: world.key, pin: PIN, ...more });
const later = (ms: number) => () => new Date(Date.now() + ms);

test('a sign-in says until when the next one does without the tenant; that one brings token and tickets back', async () => {
  const at = await away('away');
  const steps: string[] = [];
  const result = await anywhere(at, { onStep: ({ name }) => steps.push(name) });
  expect(steps).toEqual(['assertion', 'unlock']);
  expect(result).toMatchObject({
    mode: 'offline',
    user: { upn: ALICE },
    ticket: { state: 'full', ccache: at.ccache, principal: 'alice@CORP.EXAMPLE.COM' },
  });
  if (result.mode !== 'offline') throw new Error('not offline');
  expect((result.goodUntil.getTime() - Date.now()) / DAYS).toBeCloseTo(7, 1);
  expect(decodeCcache(readFileSync(at.ccache)).credentials).toHaveLength(1);
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [{ locked: false, prt: { valid: true }, offline: { available: true } }],
    offline: [{ upn: ALICE, good: true }],
  });
  withTenant(at, at.record);
  expect((await renewPrt({ ...at, kdc: world.domain.kdc })).ticket.state).toBe('full'); // the token was the last one
});

test('what a renewal brought is what the next unlocking gives', async () => {
  const at = copyOf('renewed-before');
  const { offline } = await world.signIn(at);
  expect(offline).toMatchObject({ available: true });
  await renewPrt(at);
  await renewPrt(at);
  reboot(at);
  await anywhere(at, { offline: true });
  await renewPrt(at);
});

test('a thief of the disk, with the machine’s key, finds no token, no session key and no ticket', async () => {
  const at = copyOf('stolen');
  await world.signIn(at);
  const { stateDir } = at;
  const id = deviceIdOf(at);
  const [record] = listUsers(stateDir);
  if (record === undefined) throw new Error('nobody');
  const live = liveSecrets(stateDir, id);
  const tgt = decodeCcache(readFileSync(at.ccache)).credentials[0];
  const secrets = {
    prt: live(userLabel(ALICE, 'prt'), record.prt.token),
    sessionKey: live(userLabel(ALICE, 'session-key'), record.prt.sessionKey),
    offlineKey: live(userLabel(ALICE, 'offline-key'), record.offline?.key ?? ''),
    tgt: Buffer.from(tgt?.key.value ?? []),
  };
  reboot(at); // the disk is what is left

  const machine = machineKey(stateDir);
  const sealed = [...contents(stateDir).values()].flatMap((text) => text.match(/[A-Za-z0-9_-]{40,}/g) ?? []);
  const labels = ['prt', 'session-key', 'partial-tgt', 'offline-key', 'offline-content'] as const;
  const opened = sealed.flatMap((text) =>
    [...labels.map((label) => userLabel(ALICE, label)), { purpose: 'device-private-key', row: id }].flatMap(
      (label) => {
        try {
          return [Buffer.from(open(machine, label, Buffer.from(text, 'base64url')))];
        } catch {
          return [];
        }
      },
    ),
  );
  expect(opened.length).toBeGreaterThan(0); // the search does open what the machine's key seals: the device's own key
  expect(keysOf(stateDir, readDevice(stateDir))).toBeDefined();
  const disk = Buffer.concat(
    [...contents(stateDir).values()].map((text) => Buffer.from(text, 'latin1')).concat(opened),
  );
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThanOrEqual(32);
    for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
      expect(disk.includes(Buffer.from(secret.toString(encoding), 'latin1')), `${name} ${encoding}`).toBe(
        false,
      );
    }
  }
});

test('a first sign-in without the tenant is refused and leaves nothing, and so is a second user’s', async () => {
  const at = copyOf('first');
  withoutTenant(at);
  const before = contents(at.stateDir);
  await expect(anywhere(at)).rejects.toThrow(
    expect.objectContaining({
      code: 'tenant-unreachable',
      message: expect.stringContaining('No offline sign-in is kept here.'),
    }),
  );
  await expect(anywhere(at, { offline: true })).rejects.toThrow(failing('offline-no-cache'));
  before.delete(join(at.stateDir, 'attempt.json'));
  const after = contents(at.stateDir);
  after.delete(join(at.stateDir, 'attempt.json'));
  expect(after).toEqual(before);

  const shared = await away('shared');
  await expect(anywhere(shared, { offline: true, key: bob })).rejects.toThrow(failing('offline-no-cache'));
  await expect(anywhere(shared, { offline: true, key: bob, user: ALICE })).rejects.toThrow(
    failing('offline-no-cache'),
  );
  await expect(anywhere(shared, { offline: true, user: 'bob@corp.example.com' })).rejects.toThrow(
    failing('offline-no-cache'),
  );
  expect(listCaches(shared.stateDir)).toHaveLength(1);
  expect(await anywhere(shared)).toMatchObject({ mode: 'offline' });
});

test('two users of one device: each key opens its own', async () => {
  const at = copyOf('two');
  await world.signIn(at);
  await world.signIn(at, { key: bob, ccache: `${at.ccache}-bob` });
  reboot(at);
  const { ccache: _, ...rest } = at;
  const options = { ...rest, pin: PIN, offline: true };
  expect(await signInAnywhere({ ...options, key: bob })).toMatchObject({
    user: { upn: 'bob@corp.example.com' },
  });
  expect(await signInAnywhere({ ...options, key: world.key })).toMatchObject({
    user: { upn: ALICE },
    ticket: { ccache: at.ccache }, // where it was
  });
});

test('a wrong PIN changes nothing, and says how many tries are left', async () => {
  const at = await away('wrong-pin');
  const before = contents(at.stateDir);
  await expect(unlock({ ...at, key: world.key, pin: '9999' })).rejects.toThrow(
    expect.objectContaining({ code: 'pin-invalid', message: expect.stringMatching(/7/) }),
  );
  expect(contents(at.stateDir)).toEqual(before);
  expect(await unlock({ ...at, key: world.key, pin: PIN })).toMatchObject({ user: { upn: ALICE } });
});

test('after seven days it is over, and stays over when the clock is set back behind its last use', async () => {
  const at = await away('expired');
  expect(await anywhere(at, { now: later(6.9 * DAYS) })).toMatchObject({
    mode: 'offline',
    ticket: { state: 'none' }, // a ticket lasts ten hours
  });
  await expect(anywhere(at, { now: later(7.1 * DAYS) })).rejects.toThrow(failing('offline-expired'));
  await expect(anywhere(at)).rejects.toThrow(failing('offline-clock-back'));
  withTenant(at, at.record);
  await world.signIn(at); // a contact begins anew
  reboot(at);
  expect(await anywhere(at, { offline: true })).toMatchObject({ mode: 'offline' });
});

test('the times in clear help nobody: those that are sealed count', async () => {
  const at = await away('forged');
  const [cache] = listCaches(at.stateDir);
  const path = join(at.stateDir, 'offline', `${encodeURIComponent(ALICE)}.json`);
  const forged = { ...cache, version: 1, goodUntil: new Date(Date.now() + 300 * DAYS).toISOString() };
  writeFileSync(path, JSON.stringify(forged));
  await expect(anywhere(at, { now: later(8 * DAYS) })).rejects.toThrow(failing('offline-expired'));
});

test('a cache that was changed in any part opens for nobody', async () => {
  const original = await away('changed');
  for (const member of ['salt', 'publicKey', 'id', 'rpId', 'wrapped', 'content'] as const) {
    const at = { ...original, stateDir: `${original.stateDir}-${member}` };
    cpSync(original.stateDir, at.stateDir, { recursive: true });
    const [cache] = listCaches(at.stateDir);
    if (cache === undefined) throw new Error('no cache');
    const change = (text: string) => `${text.startsWith('B') ? 'C' : 'B'}${text.slice(1)}`;
    const { credential } = cache;
    const changed =
      member === 'wrapped' || member === 'content'
        ? { ...cache, [member]: change(cache[member]) }
        : { ...cache, credential: { ...credential, [member]: change(credential[member]) } };
    const path = join(at.stateDir, 'offline', `${encodeURIComponent(ALICE)}.json`);
    writeFileSync(path, JSON.stringify({ version: 1, ...changed }));
    const refused = expect.objectContaining({
      name: 'DeviceError',
      code: expect.stringMatching(REFUSED[member]),
    });
    await expect(anywhere(at), member).rejects.toThrow(refused);
    expect(readStatus(at.stateDir)).toMatchObject({ users: [{ locked: true }] });
  }
});
const REFUSED = {
  salt: /^state-damaged$/, // the key gives another secret
  publicKey: /^offline-key-unproven$/,
  id: /^tenant-unreachable$/, // no key has it
  rpId: /^(tenant-rp-id-foreign|tenant-unreachable)$/,
  wrapped: /^state-damaged$/,
  content: /^state-damaged$/,
};

test('a key whose holder was removed stops at the first contact: the cache is gone', async () => {
  const { user, key } = await world.enrol('carol');
  const at = copyOf('removed');
  await world.signIn(at, { key });
  const record = readDevice(at.stateDir);
  reboot(at);
  withoutTenant(at);
  const [registered] = await world.admin.keys.list(user.id);
  await world.admin.keys.remove(user.id, registered?.id ?? '');
  const mine = { key };
  expect(await anywhere(at, mine)).toMatchObject({ mode: 'offline' }); // nobody could tell
  await expect(renewPrt(at)).rejects.toThrow(failing('tenant-unreachable'));
  expect(listCaches(at.stateDir)).toHaveLength(1);
  withTenant(at, record);
  await expect(renewPrt(at)).rejects.toThrow(failing('key-removed'));
  expect(listCaches(at.stateDir)).toEqual([]);
  await expect(anywhere(at, { ...mine, offline: true })).rejects.toThrow(failing('offline-no-cache'));
});

test('a refusal is never gone around, and ends offline sign-in for that user or that device', async () => {
  const { user, key } = await world.enrol('dave');
  const at = await world.join('refused');
  await world.signIn(at);
  await world.signIn(at, { key });
  await world.admin.users.disable(user.id);
  await expect(anywhere(at, { key })).rejects.toThrow(failing('user-disabled'));
  expect(listCaches(at.stateDir).map((cache) => cache.user.upn)).toEqual([ALICE]);
  await world.admin.devices.disable(deviceIdOf(at));
  await expect(anywhere(at)).rejects.toThrow(failing('device-disabled'));
  expect(listCaches(at.stateDir)).toEqual([]);
});

test('policy says for how long, and takes it back with the next renewal', async () => {
  const at = copyOf('policy');
  await world.admin.keyPolicies.change('default', { offlineDays: 1 });
  try {
    const { offline } = await world.signIn(at);
    if (!offline.available) throw new Error(offline.code);
    expect((offline.goodUntil.getTime() - Date.now()) / DAYS).toBeCloseTo(1, 1);
    await world.admin.keyPolicies.change('default', { offlineDays: 0 });
    expect((await renewPrt(at)).offline).toMatchObject({ available: false, code: 'offline-off' });
    expect(listCaches(at.stateDir)).toEqual([]);
    expect((await world.signIn(at)).offline).toMatchObject({ available: false, code: 'offline-off' });
  } finally {
    await world.admin.keyPolicies.remove('default');
  }
  expect((await world.signIn(at)).offline).toMatchObject({ available: true });
});

test('a key without the secret signs in, and says why it will not do so offline', async () => {
  const { key } = await world.enrol('erin', {}, { secret: false });
  const at = copyOf('no-secret');
  const { offline } = await world.signIn(at, { key });
  expect(offline).toMatchObject({ available: false, code: 'offline-key-without-secret' });
  expect(readStatus(at.stateDir)).toMatchObject({
    users: [{ offline: { code: 'offline-key-without-secret' } }],
    offline: [],
  });
});

test('somebody else’s key is refused where a user is meant, and nothing is kept', async () => {
  const at = copyOf('meant');
  await expect(world.signIn(at, { key: bob, user: ALICE })).rejects.toThrow(failing('key-of-another-user'));
  expect(readStatus(at.stateDir)).toMatchObject({ users: [], offline: [] });
  expect(await world.signIn(at, { user: 'ALICE@corp.example.com' })).toMatchObject({ user: { upn: ALICE } });
});

test('who signs out comes back offline, unless forgotten; a join anew or leaving forgets everybody', async () => {
  const at = await world.join('signed-out');
  await world.signIn(at);
  expect(signOut({ stateDir: at.stateDir })).toMatchObject({ users: [ALICE], offline: [ALICE] });
  expect(await anywhere(at, { offline: true })).toMatchObject({ user: { upn: ALICE } });
  signOut({ stateDir: at.stateDir });
  expect(signOut({ stateDir: at.stateDir, user: ALICE, forget: true })).toMatchObject({
    users: [],
    offline: [],
  });
  expect(() => signOut({ stateDir: at.stateDir, user: ALICE })).toThrow(failing('not-signed-in'));

  await world.signIn(at);
  await joinDevice({
    stateDir: at.stateDir,
    tenantUrl: world.url,
    caFile: world.caFile,
    key: world.key,
    pin: PIN,
  });
  expect(listCaches(at.stateDir)).toEqual([]);
  await world.signIn(at);
  await leaveDevice(at);
  expect(listCaches(at.stateDir)).toEqual([]);
});

test('a cache of another device, put into this one, is not opened', async () => {
  const one = await away('one');
  const other = await away('other', await world.join('other'));
  rmSync(join(other.stateDir, 'offline'), { recursive: true });
  cpSync(join(one.stateDir, 'offline'), join(other.stateDir, 'offline'), { recursive: true });
  await expect(anywhere(other, { offline: true })).rejects.toThrow(failing('offline-no-cache'));
  expect(certificateOf(readDevice(one.stateDir))).not.toEqual(certificateOf(readDevice(other.stateDir)));
});
