/** Signing in, over HTTPS: what the answer holds, and what a device makes of it. */
import { Key, openAsRep } from '@kennel/kerberos';
import { CLIENT_IDS, decryptWithSessionKey, encodeBase64, unwrapSessionKey } from '@kennel/prt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import {
  ALICE,
  CORP,
  enrol,
  joinDevice,
  prtForm,
  signIn,
  startWorld,
  type TestDevice,
  type World,
} from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
let key: TestKey;
let device: TestDevice;
beforeAll(async () => {
  world = await startWorld();
  await world.admin.kerberosDomains.publish(CORP);
  ({ user, key } = await enrol(world));
  device = await joinDevice(world, key);
});
afterAll(() => world.close());

test('the answer has the members and JSON types that brokers read', async () => {
  const { status, json, headers } = await signIn(world, device, key);
  expect(status, JSON.stringify(json)).toBe(200);
  expect(headers['cache-control']).toBe('no-store');
  expect(json).toMatchObject({
    token_type: 'pop',
    expires_in: '1209599',
    ext_expires_in: expect.any(String),
    expires_on: expect.stringMatching(/^\d{10}$/),
    refresh_token: expect.stringMatching(/^[\w-]{43}$/),
    refresh_token_expires_in: 1_209_599,
    device_tenant_id: (await world.admin.status()).tenantId,
    tgt_key_type: 18,
    kerberos_top_level_names: '.corp.example.com',
  });
  expect(JSON.parse(Buffer.from(json.client_info, 'base64url').toString())).toEqual({
    uid: user.id,
    utid: json.device_tenant_id,
  });
  const keys = (await world.send('GET', '/common/discovery/keys')).json;
  const { payload } = await jwtVerify(json.id_token, createLocalJWKSet(keys), {
    audience: CLIENT_IDS.broker,
    issuer: `${world.url}/${json.device_tenant_id}`,
  });
  expect(payload).toMatchObject({ oid: user.id, upn: ALICE.userPrincipalName, name: 'Alice' });
});

test.each([
  ['gcm', {}],
  ['cbc', { payload: { session_key_enc: undefined } }],
] as const)('the device opens session key, client key and ticket (%s)', async (mode, faults) => {
  const { json } = await signIn(world, device, key, faults);
  const sessionKey = unwrapSessionKey(device.transportKey, json.session_key_jwe);
  expect(json.tgt_client_key.split('.')[2]).toHaveLength(mode === 'gcm' ? 16 : 22);
  const clientKey = decryptWithSessionKey(sessionKey, json.tgt_client_key);
  expect(clientKey).toHaveLength(32);
  const ad = JSON.parse(json.tgt_ad);
  expect(ad).toMatchObject({
    clientKey: json.tgt_client_key,
    keyType: 18,
    messageBuffer: json.tgt_message_buffer,
    realm: 'CORP.EXAMPLE.COM',
    sn: 'krbtgt/CORP.EXAMPLE.COM',
    cn: 'alice',
  });
  const credentials = openAsRep(Buffer.from(ad.messageBuffer, 'base64'), new Key(18, clientKey));
  expect(JSON.stringify(credentials)).toContain('alice');
  expect(JSON.parse(json.tgt_cloud).error).toBeTruthy();
});

test('two sign-ins share no token and no key', async () => {
  const [first, second] = [await signIn(world, device, key), await signIn(world, device, key)];
  expect(first.json.refresh_token).not.toBe(second.json.refresh_token);
  const open = (jwe: string) => Buffer.from(unwrapSessionKey(device.transportKey, jwe)).toString('hex');
  expect(open(first.json.session_key_jwe)).not.toBe(open(second.json.session_key_jwe));
});

test.each<[string, Parameters<typeof prtForm>[3]]>([
  ['x5c is an array', {}],
  ['tgt=True', { form: { tgt: 'True' } }],
  ['tgt inside the request only', { form: { tgt: 'false' }, payload: { tgt: 'true' } }],
  ['tgt inside the request as a boolean', { form: { tgt: '' }, payload: { tgt: true } }],
  ['no kdf_ver', { header: { kdf_ver: undefined } }],
  ['the other client id', { payload: { client_id: CLIENT_IDS.authenticationBroker } }],
])('a form that differs between clients is taken: %s', async (name, faults) => {
  const header = name.startsWith('x5c') ? { x5c: [encodeBase64(device.certificate)] } : {};
  const { status, json } = await signIn(world, device, key, {
    ...faults,
    header: { ...faults?.header, ...header },
  });
  expect(status, JSON.stringify(json)).toBe(200);
  expect(json.tgt_message_buffer).toBeTruthy();
});

test('an unencoded form, base64url in x5c, and the tenant under each of its names', async () => {
  const tenantId = (await world.admin.status()).tenantId;
  for (const segment of ['common', tenantId, tenantId.toUpperCase(), 'LOCALHOST']) {
    const form = await prtForm(world, device, key, {
      header: { x5c: device.certificate.toString('base64url') },
    });
    const body = Object.entries(form).map(([name, value]) => `${name}=${value}`);
    const { status, text } = await world.send('POST', `/${segment}/oauth2/token`, body.join('&'));
    expect(status, text).toBe(200);
  }
});

test('without tgt there is no ticket and no word of it', async () => {
  const { json } = await signIn(world, device, key, { form: { tgt: 'false' } });
  expect(Object.keys(json).filter((name) => name.startsWith('tgt'))).toEqual([]);
});

test('request and assertion may each have a nonce of their own', async () => {
  const assertionNonce = await world.nonce();
  const { status, json } = await signIn(world, device, key, { assertionNonce });
  expect(status, JSON.stringify(json)).toBe(200);
  const again = await signIn(world, device, key, { assertionNonce });
  expect(again.json.suberror).toBe('nonce-replayed');
});

test('what was decided stands in the audit, and the chain holds', async () => {
  await signIn(world, device, key);
  const lines = await world.admin.audit.list({ limit: 2 });
  expect(lines.map((line) => [line.event, line.actor, line.subject, line.outcome])).toEqual([
    ['tgt.issued', `device:${device.id}`, `user:${user.id} key:${key.id}`, 'allowed'],
    ['prt.issued', `device:${device.id}`, `user:${user.id} key:${key.id}`, 'allowed'],
  ]);
  expect(await world.admin.audit.verify()).toMatchObject({
    ok: true,
    lines: lines[0]?.seq,
    head: lines[0]?.hash,
  });
});
