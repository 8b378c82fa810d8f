/** Renewal without the security key, against a real tenant and the embedded domain. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { decodeCcache } from '@kennel/kerberos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contents, failing, NO_KDC, startWorld, type World } from '../../test/world.ts';
import { readStatus, renewPrt, type Step } from '../index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const HOURS = 3600_000;
const user = (stateDir: string) => {
  const status = readStatus(stateDir);
  if (!status.joined || status.users[0] === undefined) throw new Error('nobody is signed in');
  return status.users[0];
};
const endOfTgt = (ccache: string) =>
  decodeCcache(readFileSync(ccache)).credentials[0]?.endtime.getTime() ?? 0;

test('a renewal brings a later token and a fresh ticket into the same cache', async () => {
  const at = await world.join('renewed');
  await world.signIn(at);
  const before = { prt: user(at.stateDir).prt, tgt: endOfTgt(at.ccache) };
  Object.assign(world.clock, { tenant: 4 * HOURS, kdc: 4 * HOURS });
  try {
    const steps: Step[] = [];
    const now = () => new Date(Date.now() + 4 * HOURS);
    const result = await renewPrt({ ...at, now, onStep: (step) => steps.push(step) });
    expect(steps.map(({ name }) => name)).toEqual(['nonce', 'prt', 'partial-tgt', 'full-tgt', 'ccache']);
    expect(result).toMatchObject({ user: { upn: 'alice@corp.example.com' }, ticket: { state: 'full' } });
    const { prt } = user(at.stateDir);
    expect(prt.expiresOn.getTime() - before.prt.expiresOn.getTime()).toBeGreaterThan(3.9 * HOURS);
    expect(endOfTgt(at.ccache) - before.tgt).toBeGreaterThan(3.9 * HOURS);
    expect((await renewPrt({ ...at, now })).ticket.state).toBe('full');
  } finally {
    Object.assign(world.clock, { tenant: 0, kdc: 0 });
  }
});

test('killed before it could write, it renews with what it had', async () => {
  const at = await world.join('killed');
  await world.signIn(at);
  cpSync(at.stateDir, `${at.stateDir}-before`, { recursive: true });
  await renewPrt(at);
  rmSync(at.stateDir, { recursive: true });
  cpSync(`${at.stateDir}-before`, at.stateDir, { recursive: true });
  expect((await renewPrt(at)).ticket.state).toBe('full');
});

test('a backup that is put back after the new token was used is told what it is', async () => {
  const at = await world.join('backup');
  await world.signIn(at);
  cpSync(at.stateDir, `${at.stateDir}-before`, { recursive: true });
  await renewPrt(at);
  await renewPrt(at);
  rmSync(at.stateDir, { recursive: true });
  cpSync(`${at.stateDir}-before`, at.stateDir, { recursive: true });
  await expect(renewPrt(at)).rejects.toEqual(failing('prt-superseded'));
  world.clock.tenant = 2 * 60_000;
  try {
    await expect(renewPrt(at)).rejects.toEqual(failing('prt-reused'));
    await expect(renewPrt(at)).rejects.toEqual(failing('prt-unknown'));
  } finally {
    world.clock.tenant = 0;
  }
});

test('no domain controller: the token is renewed, and the ticket that is there stays', async () => {
  const at = await world.join('no-dc');
  await world.signIn(at);
  const tgt = endOfTgt(at.ccache);
  const result = await renewPrt({ ...at, kdc: NO_KDC });
  expect(result.ticket).toMatchObject({ state: 'none', code: 'dc-unreachable' });
  expect(endOfTgt(at.ccache)).toBe(tgt);
  expect((await renewPrt({ ...at, kdc: world.domain.kdc })).ticket.state).toBe('full');
});

test('refused, it says why, notes the attempt, and leaves token and tickets as they are', async () => {
  const at = await world.join('refused');
  await world.signIn(at);
  const before = contents(at.stateDir);
  await world.admin.users.disable('alice');
  await expect(renewPrt(at)).rejects.toEqual(failing('user-disabled'));
  await world.admin.users.enable('alice');
  const status = readStatus(at.stateDir);
  expect(status).toMatchObject({ lastAttempt: { status: 'failed', code: 'user-disabled' } });
  for (const [path, bytes] of contents(at.stateDir)) {
    if (!path.endsWith('attempt.json')) expect(bytes, path).toBe(before.get(path));
  }
  expect((await renewPrt(at)).ticket.state).toBe('full');
});

test('nobody signed in, or nobody of that name', async () => {
  const at = await world.join('nobody');
  await expect(renewPrt(at)).rejects.toEqual(failing('not-signed-in'));
  await world.signIn(at);
  await expect(renewPrt({ ...at, user: 'bob@corp.example.com' })).rejects.toEqual(failing('not-signed-in'));
});
