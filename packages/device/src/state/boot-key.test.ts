/** The boot key: in memory, and with it goes what was sealed under it. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contents, failing, startWorld, type World } from '../../test/world.ts';
import { fetchTickets, leaveDevice, readStatus, renewPrt } from '../index.ts';
import { bootKey, bootKeyPlace, removeBootKey } from './boot-key.ts';

const ID = '7c1f0000-0000-4000-8000-000000000000';
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('it is made once, for this user alone, in memory', () => {
  const { path, inMemory } = bootKeyPlace(world.home, ID);
  expect(inMemory).toBe(true);
  expect(path.startsWith(world.home)).toBe(false);
  const made = bootKey(world.home, ID);
  expect(bootKey(world.home, ID).id).toBe(made.id);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  removeBootKey(world.home, ID);
  expect(bootKey(world.home, ID).id).not.toBe(made.id);
  expect(readdirSync(join(path, '..'))).toEqual([`${ID}.key`]);
});

test('a place that others can reach, a link, or a disk is not taken', () => {
  const runtime = process.env.KENNEL_RUNTIME_DIR;
  const open = mkdtempSync('/dev/shm/kennel-test-');
  const onDisk = mkdtempSync(join(tmpdir(), 'kennel-disk-'));
  try {
    process.env.KENNEL_RUNTIME_DIR = open;
    expect(bootKeyPlace(world.home, ID).inMemory).toBe(true);
    expect(readdirSync(open)).toEqual([]); // it only looked
    bootKey(world.home, ID);
    chmodSync(join(open, 'keys'), 0o755);
    expect(bootKeyPlace(world.home, ID)).toEqual({ path: join(world.home, 'boot.key'), inMemory: false });
    rmSync(join(open, 'keys'), { recursive: true });
    symlinkSync('/dev/shm', join(open, 'keys'));
    expect(bootKeyPlace(world.home, ID).inMemory).toBe(false);
    process.env.KENNEL_RUNTIME_DIR = onDisk;
    expect(bootKeyPlace(world.home, ID).inMemory).toBe(false);
  } finally {
    process.env.KENNEL_RUNTIME_DIR = runtime;
    for (const place of [open, onDisk]) rmSync(place, { recursive: true });
  }
});

test('after a restart the tokens are locked, told so, and left as they are until the next sign-in', async () => {
  const at = await world.join('restarted');
  await world.signIn(at);
  const status = readStatus(at.stateDir);
  if (!status.joined) throw new Error('not joined');
  expect(status.users).toMatchObject([{ locked: false, prt: { valid: true } }]);
  removeBootKey(at.stateDir, status.device.id);

  expect(readStatus(at.stateDir)).toMatchObject({ users: [{ locked: true, prt: { valid: false } }] });
  const before = contents(at.stateDir);
  await expect(renewPrt(at)).rejects.toThrow(failing('locked'));
  expect((await fetchTickets(at)).state).toBe('full'); // the cache is still good
  expect(contents(at.stateDir)).toEqual(before);

  await world.signIn(at);
  expect(readStatus(at.stateDir)).toMatchObject({ users: [{ locked: false, prt: { valid: true } }] });
  await leaveDevice(at);
  expect(existsSync(bootKeyPlace(at.stateDir, status.device.id).path)).toBe(false);
});
