/** Single sign-on in a browser by the Primary Refresh Token of a joined device. */
import {
  CLIENT_IDS,
  encodeBase64,
  GRANT_TYPES,
  signJws,
  signWithSessionKey,
  unwrapSessionKey,
} from '@kennel/prt';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { authorizePath, BROKER_REDIRECT } from '../../test/browser.ts';
import {
  type Answer,
  enrol,
  joinDevice,
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
let session: { prt: string; sessionKey: Uint8Array };
beforeAll(async () => {
  world = await startWorld();
});
let serial = 0;
beforeEach(async () => {
  world.clock.offset = 0;
  ({ key, user } = await enrol(world, { userPrincipalName: `user${++serial}@corp.example.com` }));
  device = await joinDevice(world, key);
  session = await newSession(device);
});
afterAll(() => world.close());

async function newSession(on: TestDevice) {
  const { json } = await signIn(world, on, key);
  return { prt: json.refresh_token, sessionKey: unwrapSessionKey(on.transportKey, json.session_key_jwe) };
}

interface Faults {
  nonce?: string | undefined;
  sessionKey?: Uint8Array;
  prt?: string;
  as?: 'header' | 'cookie';
  query?: Record<string, string>;
  deviceCredential?: string;
}

async function authorize(faults: Faults = {}): Promise<Answer> {
  const nonce = 'nonce' in faults ? faults.nonce : await world.nonce();
  const credential = signWithSessionKey(
    faults.sessionKey ?? session.sessionKey,
    { refresh_token: faults.prt ?? session.prt, is_primary: 'true', request_nonce: nonce },
    1,
  );
  const name = 'x-ms-RefreshTokenCredential';
  return world.send('GET', authorizePath(faults.query), undefined, {
    ...(faults.as === 'cookie' ? { cookie: `a=b; ${name}=${credential}` } : { [name]: credential }),
    ...(faults.deviceCredential && { 'x-ms-DeviceCredential': faults.deviceCredential }),
  });
}

const locationOf = ({ status, headers, text }: Answer) => {
  expect(status, text).toBe(302);
  return new URL(String(headers.location));
};
const shown = ({ status, text }: Answer) => {
  expect(status).toBe(200);
  expect(text).toContain('$Config=');
};

async function deviceCredential(by: TestDevice, signedBy = by.privateKey) {
  const payload = { grant_type: 'device_auth', iss: 'aad:brokerplugin', request_nonce: await world.nonce() };
  return signJws(signedBy, { x5c: encodeBase64(by.certificate) }, payload);
}

test.each(['header', 'cookie'] as const)(
  'the token in a %s stands for the page, and gives a code',
  async (as) => {
    const answer = await authorize({ as });
    const location = locationOf(answer);
    expect(location.href.startsWith(BROKER_REDIRECT)).toBe(true);
    expect(location.searchParams.get('state')).toBe('a state & more');
    // Brokers without a browser read the address in the body.
    const [, link = ''] = /<a href="([^"]*code=[^"]*)"/.exec(answer.text) ?? [];
    expect(link.replaceAll('&amp;', '&')).toBe(location.href);
    const tokens = await world.form({
      grant_type: GRANT_TYPES.authorizationCode,
      client_id: CLIENT_IDS.authenticationBroker,
      redirect_uri: BROKER_REDIRECT,
      code: location.searchParams.get('code') ?? '',
    });
    expect(tokens.status, tokens.text).toBe(200);
    expect(decodeJwt(tokens.json.id_token)).toMatchObject({ oid: user.id, amr: ['fido', 'mfa'] });
    const lines = await world.admin.audit.list({ limit: 2 });
    expect(lines.map(({ event }) => event)).toContain('code.issued');
  },
);

test('auth_time is when the key was shown, not when the token was used', async () => {
  world.clock.offset = 3600;
  const code = locationOf(await authorize()).searchParams.get('code') ?? '';
  const { json } = await world.form({
    grant_type: GRANT_TYPES.authorizationCode,
    client_id: CLIENT_IDS.authenticationBroker,
    redirect_uri: BROKER_REDIRECT,
    code,
  });
  const { auth_time: shownAt, iat = 0 } = decodeJwt(json.id_token);
  expect(iat - Number(shownAt)).toBeGreaterThan(3500);
});

test('a nonce that is missing, over or spent sends the device here again with a fresh one, once', async () => {
  const spent = await world.nonce();
  locationOf(await authorize({ nonce: spent }));
  const old = await world.nonce();
  for (const nonce of [undefined, spent, 'nonsense']) {
    const location = locationOf(await authorize({ nonce }));
    expect(location.href.startsWith(`${world.url}/common/oauth2/authorize?`)).toBe(true);
    expect(location.searchParams.get('state')).toBe('a state & more');
    const fresh = location.searchParams.get('sso_nonce') ?? '';
    const next = await authorize({ nonce: fresh, query: { sso_nonce: fresh } });
    expect(locationOf(next).searchParams.get('code')).toBeTruthy();
    shown(await authorize({ nonce, query: { sso_nonce: fresh } }));
  }
  world.clock.offset = 301;
  expect(locationOf(await authorize({ nonce: old })).searchParams.get('sso_nonce')).toBeTruthy();
});

test('whatever is wrong with the token leads to the page, and into the audit', async () => {
  const other = await newSession(device);
  const last = async () => (await world.admin.audit.list({ limit: 1 }))[0];
  shown(await authorize({ sessionKey: other.sessionKey }));
  expect(await last()).toMatchObject({ event: 'prt.use-refused', reason: 'prt-signature-invalid' });
  shown(await authorize({ prt: 'A'.repeat(43) }));
  await world.admin.devices.disable(device.id);
  shown(await authorize());
  expect(await last()).toMatchObject({ event: 'prt.use-refused', reason: 'device-disabled' });
  await world.admin.devices.enable(device.id);
  await world.admin.keys.remove(user.id, key.id);
  shown(await authorize());
  expect(await last()).toMatchObject({ reason: 'key-removed', actor: `device:${device.id}` });
});

test('who asks for the page gets it; prompt=none gets a code or a plain no', async () => {
  shown(await authorize({ query: { prompt: 'login' } }));
  shown(await authorize({ query: { prompt: 'select_account' } }));
  expect(locationOf(await authorize({ query: { prompt: 'none' } })).searchParams.get('code')).toBeTruthy();
  const refused = locationOf(await authorize({ query: { prompt: 'none' }, prt: 'A'.repeat(43) }));
  expect(refused.searchParams.get('error')).toBe('login_required');
});

test('a device credential must be of the device that the token was given to', async () => {
  const good = await authorize({ deviceCredential: await deviceCredential(device) });
  expect(locationOf(good).searchParams.get('code')).toBeTruthy();
  const other = await joinDevice(world, key);
  shown(await authorize({ deviceCredential: await deviceCredential(other) }));
  shown(await authorize({ deviceCredential: await deviceCredential(device, other.privateKey) }));
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({ event: 'prt.use-refused', reason: 'device-signature-invalid' });
});

test('nothing but a well-formed credential is looked at', async () => {
  for (const text of ['x', 'a.b.c', `${'a'.repeat(9000)}.b.c`]) {
    const answer = await world.send('GET', authorizePath(), undefined, {
      'x-ms-RefreshTokenCredential': text,
    });
    shown(answer);
  }
});
