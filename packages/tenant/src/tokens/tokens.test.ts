/** The token endpoint, the published keys, and the token for device registration. */
import { CLIENT_IDS, DRS_RESOURCE } from '@kennel/prt';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import { enrol, registrationToken, startWorld, strayNonce, type World } from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
let key: TestKey;
beforeAll(async () => {
  world = await startWorld();
  ({ user, key } = await enrol(world));
});
afterAll(() => world.close());

test.each<[string, string, Record<string, string>]>([
  ['no Content-Type', 'grant_type=srv_challenge', {}],
  ['a form', 'grant_type=srv_challenge', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['further fields', 'grant_type=srv_challenge&windows_api_version=2.0&x=', { 'content-type': 'text/plain' }],
])('a nonce is given for %s', async (_name, body, headers) => {
  const first = await world.send('POST', '/COMMON/oauth2/token', body, headers);
  expect([first.status, Object.keys(first.json)]).toEqual([200, ['Nonce']]);
  expect(first.json.Nonce).not.toBe(
    (await world.send('POST', '/common/oauth2/token', body, headers)).json.Nonce,
  );
});

test('a FIDO2 assertion gives a token for device registration, which jose verifies by the published keys', async () => {
  const { status, json } = await registrationToken(world, key);
  expect(status, JSON.stringify(json)).toBe(200);
  expect(json).toMatchObject({ token_type: 'Bearer', expires_in: '600', resource: DRS_RESOURCE });
  const { tenantId } = await world.admin.status();
  const { json: metadata } = await world.send('GET', `/${tenantId}/.well-known/openid-configuration`);
  expect(metadata.issuer).toBe(`${world.url}/${tenantId}`);
  const { json: jwks } = await world.send('GET', metadata.jwks_uri.slice(world.url.length));
  expect(Object.keys(jwks.keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  const { payload, protectedHeader } = await jwtVerify(json.access_token, createLocalJWKSet(jwks), {
    issuer: metadata.issuer,
    audience: DRS_RESOURCE,
    algorithms: ['RS256'],
  });
  expect(protectedHeader.typ).toBe('JWT');
  expect(payload).toMatchObject({
    aud: DRS_RESOURCE,
    sub: user.id,
    oid: user.id,
    tid: tenantId,
    upn: user.userPrincipalName,
    amr: ['fido', 'mfa'],
    appid: CLIENT_IDS.broker,
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'registration-token.issued',
    actor: `user:${user.id}`,
    subject: `key:${key.id}`,
  });
});

test('a nonce serves one registration; unknown, old and removed ones and keys are refused', async () => {
  const suberror = async (faults: Parameters<typeof registrationToken>[2], by = key) => {
    const answer = await registrationToken(world, by, faults);
    expect(answer.status).toBe(400);
    return answer.json.suberror;
  };
  const nonce = await world.nonce();
  expect((await registrationToken(world, key, { nonce })).status).toBe(200);
  expect(await suberror({ nonce })).toBe('nonce-replayed');
  expect(await suberror({ nonce: strayNonce() })).toBe('nonce-unknown');
  expect(await suberror({ origin: 'https://evil.example' })).toBe('assertion-invalid');
  expect(await suberror({ flags: 1 })).toBe('assertion-invalid');
  expect(await suberror({ userHandle: '' })).toBe('key-unknown');
  expect(await suberror({ challenge: Buffer.alloc(32) })).toBe('assertion-wrong-purpose');
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'registration-token.refused',
    actor: 'unknown',
    reason: 'assertion-wrong-purpose',
  });
  await world.admin.users.disable(user.id);
  expect(await suberror({})).toBe('user-disabled');
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    actor: `user:${user.id}`,
    reason: 'user-disabled',
  });
  await world.admin.users.enable(user.id);
});

test.each<[string, number, string, string]>([
  ['grant_type=password&username=x', 400, 'unsupported_grant_type', 'grant-type-unsupported'],
  ['', 400, 'invalid_request', 'request-malformed'],
  ['grant_type=srv_challenge&grant_type=srv_challenge', 400, 'invalid_request', 'request-malformed'],
  [Array.from({ length: 40 }, (_, i) => `f${i}=1`).join('&'), 400, 'invalid_request', 'request-malformed'],
  ['grant_type=urn:kennel:params:oauth:grant-type:fido2', 400, 'invalid_request', 'request-malformed'],
  [`grant_type=srv_challenge&x=${'a'.repeat(70_000)}`, 413, 'invalid_request', 'request-too-large'],
  ['__proto__=1&constructor=2', 400, 'unsupported_grant_type', 'grant-type-unsupported'],
])('a form that is none is refused in the shape that brokers read', async (body, status, error, suberror) => {
  const answer = await world.send('POST', '/common/oauth2/token', body);
  expect([answer.status, answer.json.error, answer.json.suberror]).toEqual([status, error, suberror]);
  expect(Object.keys(answer.json).sort()).toEqual([
    'error',
    'error_codes',
    'error_description',
    'suberror',
    'trace_id',
  ]);
  expect(answer.text).not.toMatch(/at .*\.ts/);
});

test('unknown tenants, paths and methods; JSON that is none', async () => {
  const expectations: [string, string, string | undefined, Record<string, string>, number, string][] = [
    ['POST', '/someone/oauth2/token', 'grant_type=srv_challenge', {}, 400, 'tenant-unknown'],
    ['GET', '/someone/discovery/keys', undefined, {}, 400, 'tenant-unknown'],
    ['GET', '/nothing', undefined, {}, 404, 'not-found'],
    ['GET', '/common/oauth2/token', undefined, {}, 404, 'not-found'],
    ['GET', '/users', undefined, {}, 404, 'not-found'], // administration is not on the network
    ['GET', '/%ff/Discover', undefined, {}, 400, 'request-malformed'],
    [
      'POST',
      '/EnrollmentServer/device/',
      '{',
      { 'content-type': 'application/json' },
      400,
      'request-malformed',
    ],
    [
      'POST',
      '/EnrollmentServer/device/',
      '{"__proto__":{}}',
      { 'content-type': 'application/json' },
      400,
      'request-malformed',
    ],
  ];
  for (const [method, path, body, headers, status, suberror] of expectations) {
    const answer = await world.send(method, path, body, headers);
    expect([path, answer.status, answer.json?.suberror]).toEqual([path, status, suberror]);
  }
});

test("a refusal's trace_id and the client's own number of the ceremony are in the log; rubbish is not", async () => {
  const clientRequestId = 'b5d3a7a1-0e0a-4f4f-9d0e-6d6a4c1b2c3d';
  const answer = await world.send('POST', '/common/oauth2/token', 'grant_type=x', {
    'client-request-id': clientRequestId,
  });
  await world.send('POST', '/common/oauth2/token', 'grant_type=x', {
    'client-request-id': 'rubbish-in-a-header',
  });
  const lines = world.logged.map((line) => JSON.parse(line));
  expect(lines.filter((line) => line.reqId === answer.json.trace_id)).toEqual([
    expect.objectContaining({ clientRequestId, code: 'grant-type-unsupported' }),
    expect.objectContaining({ clientRequestId, status: 400, route: '/:tenant/oauth2/token' }),
  ]);
  expect(world.logged.join('')).not.toContain('rubbish');
});
