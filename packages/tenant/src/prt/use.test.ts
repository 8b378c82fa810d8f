/** Using a PRT over HTTPS: renewal, access tokens, and everything that must stop it. */
import { Key, openAsRep } from '@kennel/kerberos';
import {
  CLIENT_IDS,
  DRS_RESOURCE,
  decryptWithSessionKey,
  GRANT_TYPES,
  signWithSessionKey,
  unwrapSessionKey,
} from '@kennel/prt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import {
  ALICE,
  type Answer,
  CORP,
  enrol,
  joinDevice,
  signIn,
  startWorld,
  type TestDevice,
  type World,
} from '../../test/world.ts';
import type { User } from '../users/schema.ts';

const INTRANET = 'https://intranet.corp.example.com';

let world: World;
let user: User;
let key: TestKey;
let device: TestDevice;
let session: Session;
beforeAll(async () => {
  world = await startWorld({ resources: [INTRANET] });
  await world.admin.kerberosDomains.publish(CORP);
});
let serial = 0;
beforeEach(async () => {
  world.clock.offset = 0;
  const name = `user${++serial}`;
  ({ user, key } = await enrol(world, {
    ...ALICE,
    userPrincipalName: `${name}@corp.example.com`,
    onPremisesSamAccountName: name,
    onPremisesSecurityIdentifier: `${CORP.domainSid}-${2000 + serial}`,
  }));
  device = await joinDevice(world, key);
  session = await newSession();
});
afterAll(() => world.close());

interface Session {
  prt: string;
  sessionKey: Uint8Array;
}

async function newSession(payload: object = {}): Promise<Session> {
  const { status, json, text } = await signIn(world, device, key, { payload });
  expect(status, text).toBe(200);
  return {
    prt: json.refresh_token,
    sessionKey: unwrapSessionKey(device.transportKey, json.session_key_jwe),
  };
}

interface Use {
  payload?: object;
  kdf?: 1 | 2;
  sessionKey?: Uint8Array;
  form?: Record<string, string>;
  nonce?: string;
}

async function send(by: Session, use: Use = {}): Promise<Answer> {
  const payload = {
    client_id: CLIENT_IDS.broker,
    scope: 'openid aza',
    request_nonce: use.nonce ?? (await world.nonce()),
    refresh_token: by.prt,
    grant_type: GRANT_TYPES.refreshToken,
    iss: 'aad:brokerplugin',
    aud: 'login',
    iat: '1700000000',
    exp: '1700003600',
    session_key_enc: 'A256GCM',
    ...use.payload,
  };
  return world.form({
    windows_api_version: '2.0',
    grant_type: GRANT_TYPES.jwtBearer,
    request: signWithSessionKey(use.sessionKey ?? by.sessionKey, payload, use.kdf),
    client_info: '1',
    tgt: 'true',
    ...use.form,
  });
}

/** The answer under the session key. */
async function use(by: Session, how: Use = {}) {
  const { status, text, headers } = await send(by, how);
  expect(status, text).toBe(200);
  expect(headers['content-type']).toBe('application/jose');
  return JSON.parse(Buffer.from(decryptWithSessionKey(by.sessionKey, text)).toString());
}

async function refused(code: string, by: Session, how: Use = {}): Promise<void> {
  const answer = await send(by, how);
  expect([answer.status, answer.json?.suberror]).toEqual([400, code]);
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({ event: 'prt.use-refused', outcome: 'denied', reason: code });
}

const token = { scope: 'openid', resource: INTRANET };

test.each([
  ['version 2 of the key derivation, GCM', {}],
  ['version 1, CBC', { kdf: 1, payload: { session_key_enc: undefined } }],
] as const)('a renewal keeps the session key and brings fresh tickets: %s', async (_name, how) => {
  world.clock.offset = 4 * 3600;
  const answer = await use(session, how);
  expect(answer).toMatchObject({
    token_type: 'pop',
    refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    refresh_token_expires_in: 1_209_599,
    expires_in: '1209599',
    tgt_key_type: 18,
  });
  expect(answer.refresh_token).not.toBe(session.prt);
  expect(answer.session_key_jwe).toBeUndefined();
  const clientKey = decryptWithSessionKey(session.sessionKey, answer.tgt_client_key);
  const credentials = openAsRep(Buffer.from(answer.tgt_message_buffer, 'base64'), new Key(18, clientKey));
  expect(credentials.authtime.getTime()).toBeGreaterThan(Date.now() + 3.9 * 3600_000);
  const again = { ...session, prt: answer.refresh_token };
  expect((await use(again)).refresh_token).toBeTruthy();
});

test('a renewal without tgt has no ticket', async () => {
  const answer = await use(session, { form: { tgt: 'false' } });
  expect(Object.keys(answer).filter((name) => name.startsWith('tgt'))).toEqual([]);
});

test('who is signed out everywhere signs in anew, on this device too', async () => {
  const renewed = { ...session, prt: (await use(session)).refresh_token };
  await world.admin.users.signOut(user.id);
  for (const by of [session, renewed]) await refused('prt-unknown', by);
  expect((await use(await newSession())).refresh_token).toBeTruthy();
});

test('fourteen days slide with each renewal, and end without one', async () => {
  const day = 24 * 3600;
  world.clock.offset = 13 * day;
  const renewed = { ...session, prt: (await use(session)).refresh_token };
  world.clock.offset = 26 * day;
  expect((await use(renewed)).refresh_token).toBeTruthy();
  world.clock.offset = 27.1 * day;
  await refused('prt-unknown', renewed);
});

test.each([
  ['by its name', token],
  ['by a scope', { scope: `openid ${INTRANET}/.default`, resource: undefined }],
  ['for the device registration', { scope: 'openid', resource: DRS_RESOURCE }],
] as const)('an access token, whose resource is asked for %s', async (_name, payload) => {
  const answer = await use(session, { payload });
  expect(answer).toMatchObject({
    token_type: 'Bearer',
    expires_in: '3600',
    expires_on: expect.stringMatching(/^\d{10}$/),
    id_token: expect.any(String),
  });
  const { tenantId } = await world.admin.status();
  const keys = (await world.send('GET', '/common/discovery/keys')).json;
  const { payload: claims } = await jwtVerify(answer.access_token, createLocalJWKSet(keys), {
    audience: answer.resource,
    issuer: `${world.url}/${tenantId}`,
  });
  expect(claims).toMatchObject({
    aud: payload.resource ?? INTRANET,
    amr: ['fido', 'mfa'],
    deviceid: device.id,
    oid: user.id,
    tid: tenantId,
    appid: CLIENT_IDS.broker,
    upn: user.userPrincipalName,
    auth_time: expect.any(Number),
  });
  const lines = await world.admin.audit.list({ limit: 1 });
  expect(lines[0]).toMatchObject({ event: 'access-token.issued', actor: `device:${device.id}` });
});

test.each([
  ['unknown', { scope: 'openid', resource: 'https://other.example' }],
  ['not named', { scope: 'openid', resource: undefined }],
  ['named twice', { scope: `${INTRANET}/.default ${DRS_RESOURCE}/.default`, resource: undefined }],
] as const)('no access token for a resource that is %s', (_name, payload) =>
  refused('resource-unknown', session, { payload }),
);

test('a lost answer costs nothing: the old token renews again', async () => {
  await use(session);
  const second = { ...session, prt: (await use(session)).refresh_token };
  expect((await use(second, { payload: token })).access_token).toBeTruthy();
});

test('an old token used after its successor revokes the whole family', async () => {
  const next = { ...session, prt: (await use(session)).refresh_token };
  await use(next, { payload: token });
  await refused('prt-superseded', session); // a moment later it may be another program of the device
  expect((await use(next, { payload: token })).access_token).toBeTruthy();
  world.clock.offset = 120;
  await refused('prt-reused', session);
  expect(await world.admin.audit.list({ limit: 2 })).toMatchObject([
    { event: 'prt.use-refused' },
    { event: 'prt.reuse-detected', actor: `device:${device.id}`, subject: `user:${user.id}` },
  ]);
  await refused('prt-unknown', next);
});

test('a new sign-in rolls the session key, and retires the token that it names and no other', async () => {
  const other = await newSession();
  const next = await newSession({ previous_refresh_token: session.prt });
  expect(Buffer.from(next.sessionKey).equals(session.sessionKey)).toBe(false);
  await refused('prt-unknown', session);
  expect((await use(other)).refresh_token).toBeTruthy();
  const elsewhere = await joinDevice(world, key);
  await signIn(world, elsewhere, key, { payload: { previous_refresh_token: next.prt } });
  expect((await use(next)).refresh_token).toBeTruthy();
});

test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
  ['user-disabled', () => world.admin.users.disable(user.id), () => world.admin.users.enable(user.id)],
  [
    'device-disabled',
    () => world.admin.devices.disable(device.id),
    () => world.admin.devices.enable(device.id),
  ],
])('%s stops renewal and tokens at once, until it is undone', async (code, take, give) => {
  await take();
  await refused(code, session);
  await refused(code, session, { payload: token });
  await give();
  expect((await use(session)).refresh_token).toBeTruthy();
});

test('a removed key, a deleted device and a deleted user end it', async () => {
  const devices = [device, await joinDevice(world, key)];
  const second = await signIn(world, devices[1] as TestDevice, key);
  expect(second.status).toBe(200);
  await world.admin.keys.remove(user.id, key.id);
  await refused('key-removed', session);
  await world.admin.devices.delete(device.id);
  await refused('prt-unknown', session);
});

test('a stricter policy stops the renewal of a key that it does not admit', async () => {
  await world.admin.keyPolicies.change('default', { attestationEnforced: true });
  try {
    await refused('attestation-required', session);
  } finally {
    await world.admin.keyPolicies.change('default', { attestationEnforced: false });
  }
});

test('a request that is not signed by the session key of its token', async () => {
  const other = await newSession();
  await refused('prt-signature-invalid', session, { sessionKey: other.sessionKey });
  await refused('prt-unknown', { ...session, prt: 'A'.repeat(43) });
});

test('a nonce serves one use, and the request one answer', async () => {
  const nonce = await world.nonce();
  await use(session, { nonce, payload: token });
  await refused('nonce-replayed', session, { nonce, payload: token });
});

test.each<[string, Use]>([
  ['no nonce', { payload: { request_nonce: undefined } }],
  ['no token', { payload: { refresh_token: undefined } }],
  ['another grant', { payload: { grant_type: 'password' } }],
  ['an impossible client', { payload: { client_id: '<script>' } }],
])('a request with %s is told to be malformed', async (_name, how) => {
  const answer = await send(session, how);
  expect([answer.status, answer.json.suberror]).toEqual([400, 'request-malformed']);
});

test('twenty renewals at once all answer, and one of them goes on', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => use(session)));
  const tokens = new Set(answers.map((answer) => answer.refresh_token));
  expect(tokens.size).toBe(20);
  const [first = ''] = tokens;
  expect((await use({ ...session, prt: first })).refresh_token).toBeTruthy();
});
