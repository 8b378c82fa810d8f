/** The end of the device CA is told in the log and the status, before it comes and after. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../../test/world.ts';

const DAY = 86_400;
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const told = () => world.logged.filter((line) => line.includes('The device CA')).length;

test('a CA with years ahead is good, and nothing is said', async () => {
  expect((await world.admin.status()).deviceCa).toMatchObject({ state: 'good', warning: null });
  expect(told()).toBe(0);
});

test('in the last 90 days the status and the log say what to do, and after its end too', async () => {
  const { deviceCa } = await world.admin.status();
  const left = (Date.parse(deviceCa.notAfter) - Date.now()) / 1000;
  world.clock.offset = left - 91 * DAY;
  expect((await world.admin.status()).deviceCa.state).toBe('good');
  world.clock.offset = left - 89 * DAY;
  const ending = (await world.admin.status()).deviceCa;
  expect(ending).toMatchObject({
    state: 'ending',
    warning: expect.stringContaining('kennel device-ca renew'),
  });
  await world.restart();
  expect(told()).toBe(1);
  world.clock.offset = left + DAY;
  expect((await world.admin.status()).deviceCa).toMatchObject({
    state: 'ended',
    warning: expect.stringContaining('The device CA ended on'),
  });
});
