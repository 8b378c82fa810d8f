/** A device's records: damage is told before the key is touched, and sealed values open in their place only. */
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMasterKey } from '@kennel/secrets';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failing, NO_KDC, PIN, startWorld, type World } from '../../test/world.ts';
import { fetchTickets, joinDevice, leaveDevice, readStatus } from '../index.ts';
import { findUser, removeUser, type UserRecord, writeUser } from './user.ts';

let world: World;
let original: { stateDir: string; ccache: string };
beforeAll(async () => {
  world = await startWorld();
  original = await world.join('original');
  await world.signIn(original, { kdc: NO_KDC });
});
afterAll(() => world.close());

let copies = 0;
function copy() {
  const at = world.device(`copy${copies++}`);
  cpSync(original.stateDir, at.stateDir, { recursive: true });
  chmodSync(at.stateDir, 0o700);
  const usersFile = join(at.stateDir, 'users', readdirSync(join(at.stateDir, 'users'))[0] ?? '');
  return { ...at, usersFile };
}

/** A key that must not be asked. */
const untouched = new Proxy(
  {},
  {
    get: () => {
      throw new Error('the key was touched');
    },
  },
) as World['key']; // whatever is asked of it fails the test

test.each(['device.json', 'attempt.json', 'users/alice%40corp.example.com.json'])(
  'a damaged or newer %s stops everything before the key is asked, and stays as it is',
  async (name) => {
    for (const [code, text] of [
      ['state-damaged', '{"version":1,'],
      ['state-newer', '{"version":7}'],
    ] as const) {
      const at = copy();
      const path = join(at.stateDir, name);
      writeFileSync(path, text);
      await expect(world.signIn(at, { key: untouched })).rejects.toThrow(failing(code));
      expect(() => readStatus(at.stateDir)).toThrow(failing(code));
      const join2 = {
        stateDir: at.stateDir,
        tenantUrl: world.url,
        caFile: world.caFile,
        key: untouched,
        pin: PIN,
      };
      if (name !== 'attempt.json') await expect(joinDevice(join2)).rejects.toThrow(failing(code));
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
  },
);

test('without its machine key, or with another one, a device says so', async () => {
  const missing = copy();
  rmSync(join(missing.stateDir, 'machine.key'));
  await expect(world.signIn(missing, { key: untouched })).rejects.toThrow(failing('machine-key-unusable'));
  createMasterKey(join(missing.stateDir, 'machine.key'));
  await expect(world.signIn(missing, { key: untouched })).rejects.toThrow(failing('machine-key-unusable'));
});

test('a sealed value that was changed or moved does not open', async () => {
  const moved = copy();
  const path = join(moved.stateDir, 'device.json');
  const record = JSON.parse(readFileSync(path, 'utf8'));
  record.keys.device = record.keys.transport;
  writeFileSync(path, JSON.stringify(record));
  await expect(world.signIn(moved, { key: untouched })).rejects.toThrow(failing('state-damaged'));

  const swapped = copy();
  const user = JSON.parse(readFileSync(swapped.usersFile, 'utf8'));
  user.partialTgt.sealed = user.prt.sessionKey;
  writeFileSync(swapped.usersFile, JSON.stringify(user));
  await expect(fetchTickets({ stateDir: swapped.stateDir, kdc: world.domain.kdc })).rejects.toThrow(
    failing('state-damaged'),
  );
});

test('a device of another tenant is not joined over', async () => {
  const at = copy();
  const path = join(at.stateDir, 'device.json');
  const record = JSON.parse(readFileSync(path, 'utf8'));
  record.tenant.id = crypto.randomUUID();
  writeFileSync(path, JSON.stringify(record));
  const again = {
    stateDir: at.stateDir,
    tenantUrl: world.url,
    caFile: world.caFile,
    key: untouched,
    pin: PIN,
  };
  await expect(joinDevice(again)).rejects.toThrow(failing('joined-elsewhere'));
});

test('a device that the tenant no longer has is told to leave; then it joins anew', async () => {
  const at = copy();
  const { device } = JSON.parse(readFileSync(join(at.stateDir, 'device.json'), 'utf8'));
  await world.admin.devices.delete(device.id);
  await expect(world.signIn(at)).rejects.toThrow(failing('device-unknown'));
  const again = {
    stateDir: at.stateDir,
    tenantUrl: world.url,
    caFile: world.caFile,
    key: world.key,
    pin: PIN,
  };
  await expect(joinDevice(again)).rejects.toThrow(failing('device-unknown'));
  await leaveDevice({ stateDir: at.stateDir });
  const joined = await joinDevice(again);
  expect(joined).toMatchObject({ joined: true, users: [] });
  expect(joined.joined && joined.device.id).not.toBe(device.id);
});

test('names of users are no paths', () => {
  const at = copy();
  const known: UserRecord | undefined = findUser(at.stateDir, 'ALICE@corp.example.com');
  if (known === undefined) throw new Error('no record');
  const names = ['../../up@x', '..', 'a/b@c', 'a\\b@c', `${'é'.repeat(120)}@x`, 'a@b.json'];
  for (const upn of names) {
    writeUser(at.stateDir, { ...known, user: { ...known.user, upn } });
    expect(findUser(at.stateDir, upn)?.user.upn).toBe(upn);
  }
  expect(readdirSync(join(at.stateDir, 'users'))).toHaveLength(names.length + 1);
  expect(readdirSync(at.stateDir).sort()).toEqual([
    'attempt.json',
    'device.json',
    'machine.key',
    'offline',
    'users',
  ]);
  for (const upn of names) removeUser(at.stateDir, upn);
  expect(readdirSync(join(at.stateDir, 'users'))).toHaveLength(1);
});
