/** Every way in which a sign-in is refused: its code, its status, its line in the audit. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { assertionChallenge, encodeBase64 } from '@kennel/prt';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import {
  ALICE,
  CORP,
  enrol,
  joinDevice,
  type PrtFaults,
  prtForm,
  registrationToken,
  rsaKeys,
  signIn,
  startWorld,
  strayNonce,
  type TestDevice,
  type World,
} from '../../test/world.ts';
import { createDeviceCa, issueDeviceCertificate } from '../devices/certificate.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
let key: TestKey;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.kerberosDomains.publish(CORP);
});
let serial = 0;
beforeEach(async () => {
  world.clock.offset = 0;
  const name = `user${++serial}`;
  const sid = `${CORP.domainSid}-${2000 + serial}`;
  ({ user, key } = await enrol(world, {
    ...ALICE,
    userPrincipalName: `${name}@corp.example.com`,
    onPremisesSamAccountName: name,
    onPremisesSecurityIdentifier: sid,
  }));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

async function refused(code: string, faults: PrtFaults = {}, by = device, status = 400) {
  const answer = await signIn(world, by, key, faults);
  expect([answer.status, answer.json.suberror, answer.json.error_description]).toEqual([
    status,
    code,
    expect.any(String),
  ]);
  expect(answer.json).toMatchObject({
    error: expect.any(String),
    error_codes: [expect.any(Number)],
    trace_id: expect.any(String),
  });
  if (code !== 'request-malformed' && code !== 'grant-type-unsupported') {
    const [line] = await world.admin.audit.list({ limit: 1 });
    expect(line).toMatchObject({
      event: 'prt.refused',
      outcome: 'denied',
      reason: code,
      correlationId: answer.json.trace_id,
    });
  }
  return answer;
}

test('a replayed request, and a nonce used twice', async () => {
  const form = await prtForm(world, device, key);
  expect((await world.form(form)).status).toBe(200);
  expect((await world.form(form)).json.suberror).toBe('nonce-replayed');
  const nonce = await world.nonce();
  expect((await signIn(world, device, key, { nonce })).status).toBe(200);
  await refused('nonce-replayed', { nonce });
});

test('of the same request sent ten times at once, one passes', async () => {
  const form = await prtForm(world, device, key);
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.form(form)));
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(new Set(answers.map((answer) => answer.json.suberror))).toEqual(
    new Set([undefined, 'nonce-replayed']),
  );
});

test('a nonce that is over, invented, from another tenant, or spelt differently', async () => {
  const nonce = await world.nonce();
  world.clock.offset = 301;
  await refused('nonce-expired', { nonce });
  world.clock.offset = 0;
  await refused('nonce-unknown', { nonce: strayNonce() });
  await refused('nonce-unknown', { nonce: 'abc' });
  const other = await startWorld();
  try {
    await refused('nonce-unknown', { nonce: await other.nonce() });
  } finally {
    await other.close();
  }
  const fresh = await world.nonce();
  const sibling = fresh.slice(0, -1) + String.fromCharCode(fresh.charCodeAt(fresh.length - 1) + 1);
  expect(Buffer.from(sibling, 'base64url')).toEqual(Buffer.from(fresh, 'base64url'));
  await refused('nonce-unknown', { nonce: sibling });
});

test('a request nonce used twice, though each assertion has its own', async () => {
  const nonce = await world.nonce();
  const first = await signIn(world, device, key, { nonce, assertionNonce: await world.nonce() });
  expect(first.status).toBe(200);
  await refused('nonce-replayed', { nonce, assertionNonce: await world.nonce() });
});

test('an assertion relayed from another device, or bound to another nonce', async () => {
  const other = await joinDevice(world, key);
  await refused('assertion-wrong-device', { boundTo: other.certificate });
  const nonce = await world.nonce();
  const challenge = assertionChallenge({ purpose: 'prt', nonce, deviceCertificate: device.certificate });
  await refused('assertion-wrong-device', { challenge });
});

test('an assertion for registration gives no PRT, and one for a PRT no registration token', async () => {
  const nonce = await world.nonce();
  await refused('assertion-wrong-purpose', {
    nonce,
    challenge: assertionChallenge({ purpose: 'registration', nonce }),
  });
  const second = await world.nonce();
  const challenge = assertionChallenge({
    purpose: 'prt',
    nonce: second,
    deviceCertificate: device.certificate,
  });
  const answer = await registrationToken(world, key, { nonce: second, challenge });
  expect([answer.status, answer.json.suberror]).toEqual([400, 'assertion-wrong-purpose']);
});

test('a certificate of another CA, even of the same name; a self-signed one; our CA itself', async () => {
  const { tenantId } = await world.admin.status();
  const foreign = await createDeviceCa(tenantId, new Date());
  const keys = rsaKeys();
  const certificate = await issueDeviceCertificate({
    ca: { certificate: new X509Certificate(foreign.certificate), privateKey: foreign.privateKey },
    publicKey: keys.publicKey,
    deviceId: device.id,
    userId: user.id,
    tenantId,
    joinType: 0,
    now: new Date(),
  });
  await refused('device-certificate-foreign', {
    certificate: Buffer.from(certificate),
    signWith: keys.privateKey,
  });
  const ca = new X509Certificate(foreign.certificate).raw;
  await refused('device-certificate-foreign', { certificate: ca });
  await refused('device-certificate-foreign', {
    header: { x5c: encodeBase64(Buffer.from('not a certificate')) },
  });
  await refused('device-certificate-foreign', {
    header: { x5c: encodeBase64(Buffer.concat([device.certificate, Buffer.from([0])])) },
  });
});

test("another device's signature, or none of the device's key", async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await refused('device-signature-invalid', { signWith: privateKey });
  await refused('device-signature-invalid', { header: { alg: 'none' } });
  await refused('device-signature-invalid', { header: { alg: 'HS256' } });
});

test('the old certificate dies at a re-join, and the new one works', async () => {
  const again = await joinDevice(world, key, { attributes: { ReuseDevice: 'true', DeviceId: device.id } });
  expect(again.id).toBe(device.id);
  await refused('device-certificate-superseded');
  expect((await signIn(world, again, key)).status).toBe(200);
});

test('a disabled device stops at once, and goes on when enabled; a deleted one does not', async () => {
  await world.admin.devices.disable(device.id);
  await refused('device-disabled');
  await world.admin.devices.enable(device.id);
  expect((await signIn(world, device, key)).status).toBe(200);
  await world.admin.devices.delete(device.id);
  await refused('device-unknown');
});

test('a certificate that is over', async () => {
  world.clock.offset = 11 * 366 * 24 * 3600;
  await refused('device-certificate-expired');
});

test('a disabled user is told so, but only with the key in hand', async () => {
  await world.admin.users.disable(user.id);
  await refused('user-disabled');
  const stranger = new TestKey();
  const answer = await signIn(world, device, stranger, {
    id: key.id,
    origin: world.url,
    rpId: 'localhost',
    userHandle: 'AAAA',
  });
  expect(answer.json.suberror).toBe('key-unknown');
});

test('a removed key', async () => {
  await world.admin.keys.remove(user.id, key.id);
  await refused('key-removed');
});

test('unknown key, deleted user, wrong user handle and wrong signature are answered alike', async () => {
  const answers = [];
  const stranger = new TestKey();
  const asIfHere = {
    origin: world.url,
    rpId: 'localhost',
    userHandle: Buffer.alloc(32).toString('base64url'),
  };
  answers.push(await signIn(world, device, stranger, asIfHere));
  answers.push(await refused('key-unknown', { userHandle: Buffer.alloc(32, 7).toString('base64url') }));
  const { user: other, key: otherKey } = await enrol(world, { userPrincipalName: 'gone@corp.example.com' });
  const otherHandle = JSON.parse((await prtPayload(otherKey)).assertion).userHandle;
  answers.push(
    await signIn(world, device, stranger, { ...asIfHere, id: otherKey.id, userHandle: otherHandle }),
  );
  await world.admin.users.delete(other.id);
  answers.push(await signIn(world, device, otherKey));
  const shown = answers.map(({ status, json: { trace_id: _, ...json } }) => JSON.stringify([status, json]));
  expect(new Set(shown).size).toBe(1);
  expect(shown[0]).toContain('key-unknown');
});

async function prtPayload(by: TestKey) {
  const { request } = await prtForm(world, device, by);
  return JSON.parse(Buffer.from(request.split('.')[1] ?? '', 'base64url').toString());
}

test.each<[string, PrtFaults]>([
  ['another origin', { origin: 'https://localhost.evil.example' }],
  ['an origin without its port', { origin: 'https://localhost:1' }],
  ['another RP ID', { rpId: 'evil.example' }],
  ['no user verification', { flags: 0x01 }],
  ['no user presence', { flags: 0x04 }],
  ['a registration in place of a sign-in', { type: 'webauthn.create' }],
  ['a frame of another origin', { crossOrigin: true }],
])('an assertion with %s', (_name, faults) => refused('assertion-invalid', faults).then(() => {}));

test('a counter that stands still or goes back, also in parallel', async () => {
  expect((await signIn(world, device, key, { counter: 10 })).status).toBe(200);
  await refused('key-counter-regressed', { counter: 10 });
  await refused('key-counter-regressed', { counter: 3 });
  await refused('key-counter-regressed', { counter: 0 });
  const forms = await Promise.all(
    Array.from({ length: 6 }, () => prtForm(world, device, key, { counter: 20 })),
  );
  const answers = await Promise.all(forms.map((form) => world.form(form)));
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
});

test.each<[string, string, PrtFaults]>([
  ['request-malformed', 'another client', { payload: { client_id: 'someone' } }],
  ['request-malformed', 'a scope without aza', { payload: { scope: 'openid' } }],
  ['request-malformed', 'no nonce', { payload: { request_nonce: undefined } }],
  ['request-malformed', 'an assertion of no members', { payload: { assertion: '{}' } }],
  ['request-malformed', 'no certificate', { header: { x5c: undefined } }],
  ['request-malformed', 'an empty x5c', { header: { x5c: [] } }],
  ['request-malformed', 'no JWS', { form: { request: 'abc' } }],
  [
    'grant-type-unsupported',
    'a password',
    { payload: { grant_type: 'password', password: 'x', username: 'y' } },
  ],
  ['grant-type-unsupported', 'a Hello assertion', { payload: { assertion: 'a.b.c' } }],
  ['grant-type-unsupported', 'another grant', { form: { grant_type: 'password' } }],
])('%s: %s', (code, _name, faults) => refused(code, faults).then(() => {}));
