/** What a device may do without the tenant stands in the PRT answer, as the policy of its user says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { enrol, joinDevice, signIn, startWorld, type TestDevice, type World } from '../../test/world.ts';

let world: World;
let key: TestKey;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

const terms = async (payload: object = {}) => (await signIn(world, device, key, { payload })).json;

test('the key that signed in, its public key, and seven days unless policy says otherwise', async () => {
  const { offline_sign_in: offline } = await terms();
  expect(offline).toEqual({
    credential_id: key.id,
    public_key: expect.stringMatching(/^[\w-]+$/),
    days: 7,
  });
  await world.admin.keyPolicies.change('default', { offlineDays: 0 });
  expect((await terms()).offline_sign_in).toMatchObject({ days: 0 });
  const events = await world.admin.audit.list({ limit: 50 });
  expect(JSON.stringify(events)).toContain('offlineDays');
});

test('a policy beyond the life of a token is refused; one from before says seven days', async () => {
  for (const offlineDays of [15, -1, 1.5]) {
    await expect(world.admin.keyPolicies.change('default', { offlineDays })).rejects.toMatchObject({
      code: 'request-malformed',
    });
  }
  await world.admin.keyPolicies.remove('default');
  expect(await world.admin.keyPolicies.show('default')).toMatchObject({ offlineDays: 7 });
});

test('brokers that know nothing of it are not told', async () => {
  expect(await terms({ session_key_enc: undefined })).not.toHaveProperty('offline_sign_in');
});
