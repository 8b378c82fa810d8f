/** Three clocks: that of the device does not matter; those of tenant and domain controller must agree. */
import { readFileSync, rmSync } from 'node:fs';
import { decodeCcache } from '@kennel/kerberos';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NO_KDC, startWorld, type World } from '../test/world.ts';
import { fetchTickets, readStatus } from './index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.clock.kdc = 0;
});
afterAll(() => world.close());

test.each([10, -10, 11 * 60])('the clock of the device may be %i minutes off', async (minutes) => {
  const at = await world.join(`clock${minutes}`);
  const now = () => new Date(Date.now() + minutes * 60_000);
  const { ticket } = await world.signIn(at, { now });
  expect(ticket).toMatchObject({ state: 'full' });
  const seconds = ticket.state === 'full' ? ticket.kdcTimeOffset / 1000 : 0;
  expect(Math.abs(seconds + minutes * 60)).toBeLessThan(5);
  expect(decodeCcache(readFileSync(at.ccache)).kdcTimeOffset).toBe(seconds * 1000);
  // And so for a ticket that is fetched later.
  await world.signIn(at, { now, kdc: NO_KDC });
  rmSync(at.ccache);
  expect(await fetchTickets({ stateDir: at.stateDir, kdc: world.domain.kdc, now })).toMatchObject({
    state: 'full',
  });
});

test.each([11 * 3600, -20 * 60])(
  'the clocks of tenant and domain controller apart by %i s are told',
  async (seconds) => {
    const at = await world.join(`apart${seconds}`);
    world.clock.kdc = seconds * 1000;
    expect((await world.signIn(at)).ticket).toMatchObject({ state: 'none', code: 'dc-clock-skew' });
    expect(readStatus(at.stateDir)).toMatchObject({
      lastAttempt: { status: 'no-ticket', code: 'dc-clock-skew' },
    });
  },
);
