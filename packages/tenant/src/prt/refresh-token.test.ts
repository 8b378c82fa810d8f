/** A PRT for the refresh token of a web sign-in, as the open brokers ask for it. */
import { CLIENT_IDS, GRANT_TYPES, unwrapSessionKey } from '@kennel/prt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { authorizePath, BROKER_REDIRECT, configOf, TestBrowser } from '../../test/browser.ts';
import {
  type Answer,
  CORP,
  enrol,
  joinDevice,
  type PrtFaults,
  signIn,
  startWorld,
  type TestDevice,
  type World,
} from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let key: TestKey;
let user: User;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.kerberosDomains.publish(CORP);
  ({ key, user } = await enrol(world));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

/** The refresh token of a sign-in on the page, for the client of the brokers. */
async function webSignIn(): Promise<string> {
  const browser = new TestBrowser(world);
  const answer = await browser.answer(configOf(await browser.get(authorizePath())), key);
  const code = new URL(String(answer.headers.location)).searchParams.get('code') ?? '';
  const tokens = await world.form({
    grant_type: GRANT_TYPES.authorizationCode,
    client_id: CLIENT_IDS.authenticationBroker,
    redirect_uri: BROKER_REDIRECT,
    code,
  });
  expect(tokens.status, tokens.text).toBe(200);
  return tokens.json.refresh_token;
}

const withToken = (token: string, faults: PrtFaults = {}): Promise<Answer> =>
  signIn(world, device, key, {
    ...faults,
    payload: {
      grant_type: GRANT_TYPES.refreshToken,
      refresh_token: token,
      assertion: undefined,
      ...faults.payload,
    },
  });

test('it gives a PRT with session key and ticket, and is used up', async () => {
  const token = await webSignIn();
  const { status, json, text } = await withToken(token);
  expect(status, text).toBe(200);
  expect(json).toMatchObject({ token_type: 'pop', tgt_key_type: 18 });
  expect(unwrapSessionKey(device.transportKey, json.session_key_jwe)).toHaveLength(32);
  expect(await world.admin.audit.list({ limit: 2 })).toMatchObject([
    { event: 'tgt.issued' },
    { event: 'prt.issued', actor: `device:${device.id}`, subject: `user:${user.id} key:${key.id}` },
  ]);
  expect((await withToken(token)).json.suberror).toBe('refresh-token-invalid');
});

test('a token of another client, a made-up one, and one that is over', async () => {
  const token = await webSignIn();
  const other = await world.form({
    grant_type: GRANT_TYPES.refreshToken,
    client_id: CLIENT_IDS.broker,
    refresh_token: token,
  });
  expect(other.json.suberror).toBe('refresh-token-invalid');
  expect((await withToken('A'.repeat(43))).json.suberror).toBe('refresh-token-invalid');
  world.clock.offset = 25 * 3600;
  expect((await withToken(token)).json.suberror).toBe('refresh-token-invalid');
  world.clock.offset = 0;
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({
    event: 'prt.refused',
    actor: `device:${device.id}`,
    subject: 'refresh-token',
  });
});

test('the device must sign, whoever has the token; its nonce is spent once', async () => {
  const token = await webSignIn();
  const stranger = await joinDevice(world, key);
  const unsigned = await withToken(token, { signWith: stranger.privateKey });
  expect(unsigned.json.suberror).toBe('device-signature-invalid');
  const nonce = await world.nonce();
  expect((await withToken(token, { nonce })).status).toBe(200);
  expect((await withToken(await webSignIn(), { nonce })).json.suberror).toBe('nonce-replayed');
});
