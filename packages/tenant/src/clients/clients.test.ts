/** Clients over the network: enrolled once, good for their scope, refused at once when revoked; and what a thief tries. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CORP, enrol, registrationToken, startWorld, type World } from '../../test/world.ts';
import { adminClientOver } from '../admin/client.ts';
import { clientTransport, type Enrolment, enrolClient, readEnrolments } from './enrolled.ts';
import { CLIENT_ASSERTION_TYPE, CLIENT_CREDENTIALS, type NewInvitation } from './schema.ts';

let world: World;
let clientsDir: string;
beforeAll(async () => {
  world = await startWorld();
  clientsDir = mkdtempSync(join(tmpdir(), 'kennel-clients-'));
});
afterAll(async () => {
  await world.close();
  rmSync(clientsDir, { recursive: true });
});

const enrolAs = async (name: string, given: NewInvitation, token?: string) =>
  enrolClient({
    clientsDir,
    tenantUrl: world.url,
    caFile: world.caFile,
    name,
    token: token ?? (await world.admin.clients.invite(given)).token,
  });
const callsOf = (enrolment: Enrolment) => adminClientOver(clientTransport(clientsDir, enrolment));
const ADMINISTRATOR = { scope: 'administrator' } as const;
const CONNECTOR = { scope: 'connector', domain: 'Corp.Example.com' } as const;

test('an administrator elsewhere does what one on the socket does, under its own name', async () => {
  const enrolment = await enrolAs('ops', ADMINISTRATOR);
  const calls = callsOf(enrolment);
  const user = await calls.users.create({ userPrincipalName: 'remote@corp.example.com' });
  expect(await world.admin.users.show('remote')).toEqual(user);
  await calls.users.delete('remote');
  const [line] = await world.admin.audit.list();
  expect(line).toMatchObject({ event: 'user.deleted', actor: 'client:ops' });
  const [listed] = (await world.admin.clients.list()).filter(({ name }) => name === 'ops');
  expect(listed).toMatchObject({ scope: 'administrator', domain: null, revokedOn: null });
  expect(listed?.lastUsedOn).not.toBeNull();
  await expect(calls.users.show('nobody')).rejects.toMatchObject({ code: 'user-not-found' });
});

test("the client's key is for its owner alone, and no token of an invitation lies in the store", async () => {
  const { token } = await world.admin.clients.invite(ADMINISTRATOR);
  const enrolment = await enrolAs('files', ADMINISTRATOR, token);
  for (const name of readdirSync(join(clientsDir, 'files'))) {
    expect(statSync(join(clientsDir, 'files', name)).mode & 0o777, name).toBe(0o600);
  }
  expect(readEnrolments(clientsDir)).toContainEqual(enrolment);
  const unused = (await world.admin.clients.invite(ADMINISTRATOR)).token;
  const secrets = [
    token,
    unused,
    readFileSync(join(clientsDir, 'files', 'key.pem'), 'utf8').split('\n')[1] ?? '',
  ];
  for (const file of readdirSync(world.stateDir).filter((name) => name.startsWith('tenant.db'))) {
    const bytes = readFileSync(join(world.stateDir, file));
    for (const secret of secrets) expect(bytes.includes(secret), file).toBe(false);
  }
  for (const secret of secrets) expect(world.logged.join('').includes(secret)).toBe(false);
});

test('a connector publishes the keys of its domain and reaches nothing else', async () => {
  const calls = callsOf(await enrolAs('connector', CONNECTOR));
  expect(await calls.kerberosDomains.publish(CORP)).toMatchObject({ dnsName: 'corp.example.com' });
  const other = { ...CORP, dnsName: 'other.example', domainSid: 'S-1-5-21-9-9-9', netbiosName: 'OTHER' };
  await expect(calls.kerberosDomains.publish(other)).rejects.toMatchObject({
    code: 'outside-connector-domain',
  });
  await world.admin.kerberosDomains.publish(other);
  expect((await calls.kerberosDomains.list()).map(({ dnsName }) => dnsName)).toEqual(['corp.example.com']);
  await expect(calls.users.list()).rejects.toMatchObject({ code: 'right-missing' });
  await expect(calls.clients.invite(ADMINISTRATOR)).rejects.toMatchObject({ code: 'right-missing' });
  await expect(calls.kerberosDomains.remove('corp.example.com')).rejects.toMatchObject({
    code: 'right-missing',
  });
});

test('a connector rotates the key of its domain, and of no other', async () => {
  const { kerberosDomains: calls } = callsOf(await enrolAs('rotating', CONNECTOR));
  const { dnsName, krbtgtNumber } = await calls.publish(CORP);
  const next = { krbtgtNumber, keyVersion: 9, etype: 18 as const, key: randomBytes(32).toString('base64') };
  await calls.publishPending(dnsName, next);
  await calls.probe(dnsName, { key: 'pending' });
  await calls.discardPending(dnsName);
  await calls.publishPending(dnsName, next);
  expect(await calls.activate(dnsName, { keyVersion: 9, provenBy: [], without: [] })).toMatchObject({
    keyVersion: 9,
  });
  const lines = (await world.admin.audit.list()).filter(({ event }) =>
    event.startsWith('kerberos-domain.key'),
  );
  expect(new Set(lines.map(({ actor }) => actor))).toEqual(new Set(['client:rotating']));

  const other = 'other.example';
  const outside = { code: 'outside-connector-domain' };
  await expect(calls.publishPending(other, next)).rejects.toMatchObject(outside);
  await expect(calls.activate(other, { keyVersion: 9, provenBy: [], without: [] })).rejects.toMatchObject(
    outside,
  );
  await expect(calls.discardPending(other)).rejects.toMatchObject(outside);
  await expect(calls.probe(other, { key: 'current' })).rejects.toMatchObject(outside);
  await expect(
    calls.readProbe(other, { token: 'x', reply: 'eA==', controller: 'dc1.other.example' }),
  ).rejects.toMatchObject(outside);

  // Of the tenant's other users it learns nothing, not even that they are there.
  await world.admin.users.create({ userPrincipalName: 'stranger@elsewhere.example' });
  for (const user of ['stranger', 'nobody-at-all'])
    await expect(calls.probe(dnsName, { key: 'current', user })).rejects.toMatchObject({
      code: 'user-not-found',
      message: `There is no user ${user} of corp.example.com.`,
    });
});

test('an invitation is good once, for its time, and a second client cannot take it', async () => {
  const { token } = await world.admin.clients.invite({ ...ADMINISTRATOR, minutes: 2 });
  const both = await Promise.allSettled([
    enrolAs('one', ADMINISTRATOR, token),
    enrolAs('two', ADMINISTRATOR, token),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(enrolAs('three', ADMINISTRATOR, token)).rejects.toMatchObject({
    code: 'enrolment-token-invalid',
  });
  expect(readdirSync(clientsDir).some((name) => name.startsWith('three'))).toBe(false);
  const late = (await world.admin.clients.invite({ ...ADMINISTRATOR, minutes: 1 })).token;
  world.clock.offset = 61;
  await expect(enrolAs('late', ADMINISTRATOR, late)).rejects.toMatchObject({
    code: 'enrolment-token-invalid',
  });
  world.clock.offset = 0;
  const lines = await world.admin.audit.list();
  expect(lines.filter(({ event }) => event === 'client.enrolment-refused')).toHaveLength(3);
});

test('a revoked client is refused at its next request, also with a token that it has', async () => {
  const calls = callsOf(await enrolAs('short', ADMINISTRATOR));
  await calls.status();
  expect(await world.admin.clients.revoke('short')).toMatchObject({ revokedOn: expect.any(String) });
  await expect(calls.status()).rejects.toMatchObject({ code: 'client-revoked' });
  await expect(world.admin.clients.revoke('short')).rejects.toMatchObject({ code: 'client-not-found' });
  const lines = (await world.admin.audit.list()).map(({ event, reason }) => `${event} ${reason}`);
  expect(lines).toContain('access.refused client-revoked');
});

test('an assertion counts once, for this tenant, in its minutes, by the key that enrolled', async () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = (await world.send('GET', '/common/.well-known/openid-configuration')).json.issuer;
  const sign = async (claims: object, key = keys.privateKey, header: object = {}) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', ...header }).sign(key);
  const now = Math.floor(Date.now() / 1000);
  const { token } = await world.admin.clients.invite(ADMINISTRATOR);
  const request = await sign(
    { sub: 'by-hand', aud: issuer, iat: now, exp: now + 60, enrolment_token: token },
    keys.privateKey,
    { jwk: await exportJWK(keys.publicKey) },
  );
  const enrolled = await world.send('POST', '/client-enrolment', JSON.stringify({ request }), {
    'content-type': 'application/json',
  });
  expect(enrolled.status).toBe(200);
  const { id } = enrolled.json;
  const good = () => ({ iss: id, sub: id, aud: issuer, iat: now, exp: now + 60, jti: randomUUID() });
  const ask = async (assertion: string) => {
    const answer = await world.form({
      grant_type: CLIENT_CREDENTIALS,
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: assertion,
    });
    return answer.json.access_token === undefined ? answer.json.suberror : 'token';
  };
  const once = await sign(good());
  expect(await ask(once)).toBe('token');
  expect(await ask(once)).toBe('client-assertion-invalid');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const bad = [
    await sign({ ...good(), aud: 'https://elsewhere.example' }),
    await sign({ ...good(), aud: [issuer, 'x'], iss: randomUUID() }),
    await sign({ ...good(), sub: randomUUID() }),
    await sign({ ...good(), exp: now - 120, iat: now - 180 }),
    await sign({ ...good(), exp: now + 3600 }),
    await sign({ ...good(), iat: now - 400 }),
    await sign({ ...good(), jti: undefined }),
    await sign(good(), other),
    await sign(good(), other, { jwk: await exportJWK(keys.publicKey) }),
    'not.a.jws',
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(good())).toString('base64url')}.`,
  ];
  for (const [at, assertion] of bad.entries())
    expect(await ask(assertion), String(at)).toBe('client-assertion-invalid');
});

test("a person's token for device registration opens nothing of administration", async () => {
  const { key } = await enrol(world);
  const token = (await registrationToken(world, key)).json.access_token;
  const answer = await world.send('GET', '/admin/v1/users', undefined, { authorization: `Bearer ${token}` });
  expect([answer.status, answer.json.suberror]).toEqual([401, 'token-invalid']);
});
