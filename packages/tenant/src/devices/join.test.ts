/** Joining a device over HTTPS: discovery, the answer, the re-join, and what is refused. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { encodeBase64, encodeTransportKey } from '@kennel/prt';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestKey } from '../../test/authenticator.ts';
import {
  CORP,
  certificateRequest,
  enrol,
  joinBody,
  joinDevice,
  postJoin,
  registrationToken,
  rsaKeys,
  startWorld,
  type World,
} from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
let key: TestKey;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  ({ user, key } = await enrol(world));
  token = (await registrationToken(world, key)).json.access_token;
});
afterAll(() => world.close());

test('discovery names every service, under each name of the tenant', async () => {
  await world.admin.kerberosDomains.publish(CORP);
  const { tenantId } = await world.admin.status();
  for (const segment of [tenantId, tenantId.toUpperCase(), 'localhost', 'corp.example.com']) {
    const { status, json } = await world.send('GET', `/${segment}/Discover?api-version=1.9&managed=True`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      DeviceRegistrationService: { RegistrationResourceId: 'urn:ms-drs:enterpriseregistration.windows.net' },
      AuthenticationService: { OAuth2: { TokenEndpoint: `${world.url}/${tenantId}/oauth2/token` } },
      DeviceJoinService: {
        JoinEndpoint: expect.stringMatching(/^https:\/\/localhost:\d+\/EnrollmentServer\/device\/$/),
        ServiceVersion: '2.0',
      },
      WebAuthNService: { RpId: 'localhost', Origins: expect.arrayContaining([world.url]) },
      TenantInfo: { TenantId: tenantId },
      NonceService: { Endpoint: expect.stringContaining(`/EnrollmentServer/nonce/${tenantId}/`) },
    });
  }
  const { DeviceJoinService } = (await world.send('GET', '/common/Discover')).json;
  expect(new URL(DeviceJoinService.JoinEndpoint).origin).not.toBe(world.url);
  const stranger = await world.send('GET', '/other.example/Discover');
  expect([stranger.status, stranger.json.suberror]).toEqual([400, 'tenant-unknown']);
  const nonce = await world.send('GET', `/EnrollmentServer/nonce/${tenantId}/?api-version=1.0`);
  expect(nonce.json.Value).toMatch(/^[\w-]{74}$/);
});

test('a join gives a certificate for the key of the request, and a device', async () => {
  const keys = rsaKeys();
  const { status, json } = await postJoin(world, token, await joinBody(keys));
  expect(status, JSON.stringify(json)).toBe(200);
  const certificate = new X509Certificate(Buffer.from(json.Certificate.RawBody, 'base64'));
  expect(certificate.publicKey.equals(keys.publicKey)).toBe(true);
  expect(json.Certificate.Thumbprint).toBe(certificate.fingerprint.replaceAll(':', ''));
  expect(json.User).toEqual({ Upn: user.userPrincipalName });
  const hex = user.id.replaceAll('-', '');
  const bytes = Buffer.from(hex, 'hex');
  // S-1-12-1: the GUID's fields as numbers; the last eight bytes as two little-endian ones
  const sid = [
    bytes.readUInt32BE(0),
    bytes.readUInt16BE(6) * 65_536 + bytes.readUInt16BE(4),
    bytes.readUInt32LE(8),
    bytes.readUInt32LE(12),
  ].join('-');
  expect(json.MembershipChanges).toEqual([{ LocalSID: 'S-1-5-32-544', AddSIDs: [`S-1-12-1-${sid}`] }]);
  const id = certificate.subject.replace('CN=', '');
  expect(await world.admin.devices.show(id)).toMatchObject({
    id,
    displayName: 'workstation',
    joinType: 0,
    operatingSystem: 'Linux',
    enabled: true,
    certificateThumbprint: json.Certificate.Thumbprint,
    registeredBy: user.id,
  });
});

test('registering (4) makes nobody an administrator; attributes in capitals or not; a JWK as transport key', async () => {
  const [keys, transport] = [rsaKeys(), rsaKeys()];
  const registered = await postJoin(world, token, {
    ...(await joinBody(keys)),
    JoinType: 4,
    Attributes: { SharedDevice: 'x' },
  });
  expect(registered.json.MembershipChanges[0].AddSIDs).toEqual([]);
  const jwk = encodeBase64(Buffer.from(JSON.stringify(transport.publicKey.export({ format: 'jwk' }))));
  const withJwk = await postJoin(world, token, { ...(await joinBody(keys)), TransportKey: jwk, JoinType: 8 });
  expect(withJwk.status).toBe(200);
  const device = await joinDevice(world, key);
  const again = await joinDevice(world, key, {
    Attributes: { ReuseDevice: 'True', DeviceId: device.id.toUpperCase() },
  });
  expect(again.id).toBe(device.id);
  const audited = (await world.admin.audit.list({ limit: 1 }))[0];
  expect(audited).toMatchObject({
    event: 'device.rejoined',
    actor: `user:${user.id}`,
    subject: `device:${device.id}`,
  });
});

test('without ReuseDevice and its id, a join is a new device', async () => {
  const device = await joinDevice(world, key);
  expect((await joinDevice(world, key, { attributes: { ReuseDevice: 'true' } })).id).not.toBe(device.id);
  expect((await joinDevice(world, key, { attributes: { DeviceId: device.id } })).id).not.toBe(device.id);
});

test("nobody re-joins another user's device, nor a disabled one", async () => {
  const device = await joinDevice(world, key);
  const { key: other } = await enrol(world, { userPrincipalName: 'bob@corp.example.com' });
  const theirs = (await registrationToken(world, other)).json.access_token;
  const reuse = { attributes: { ReuseDevice: 'true', DeviceId: device.id } };
  const stolen = await postJoin(world, theirs, { ...(await joinBody()), ...reuse });
  expect([stolen.status, stolen.json.suberror]).toEqual([400, 'device-unknown']);
  await world.admin.devices.disable(device.id);
  const disabled = await postJoin(world, token, { ...(await joinBody()), ...reuse });
  expect([disabled.status, disabled.json.suberror]).toEqual([400, 'device-disabled']);
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'device.join-refused',
    reason: 'device-disabled',
  });
});

test('a join needs a token of this tenant, for registration, that is not over, for a user who is enabled', async () => {
  const body = await joinBody();
  const { tenantId } = await world.admin.status();
  const bare = await world.send('POST', '/EnrollmentServer/device/', JSON.stringify(body), {
    'content-type': 'application/json',
  });
  expect([bare.status, bare.json.suberror, bare.headers['www-authenticate']]).toEqual([
    401,
    'token-invalid',
    'Bearer error="invalid_token"',
  ]);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forged = await new SignJWT({ tid: tenantId })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(`${world.url}/${tenantId}`)
    .setAudience('urn:ms-drs:enterpriseregistration.windows.net')
    .setSubject(user.id)
    .setExpirationTime('1h')
    .sign(privateKey);
  const [header, payload] = token.split('.');
  const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
  for (const bad of ['x', forged, unsigned, `${header}.${payload}.AAAA`]) {
    const answer = await postJoin(world, bad, body);
    expect([answer.status, answer.json.suberror]).toEqual([401, 'token-invalid']);
  }
  world.clock.offset = 601;
  expect((await postJoin(world, token, body)).json.suberror).toBe('token-invalid');
  world.clock.offset = 0;
  await world.admin.users.disable(user.id);
  expect((await postJoin(world, token, body)).json.suberror).toBe('user-disabled');
  await world.admin.users.enable(user.id);
  const device = await joinDevice(world, key);
  const { signIn } = await import('../../test/world.ts');
  const { json } = await signIn(world, device, key);
  expect((await postJoin(world, json.id_token, body)).json.suberror).toBe('token-invalid');
});

test('certificate requests that are none, weak, or signed by another key', async () => {
  const good = await certificateRequest(rsaKeys());
  const broken = Buffer.from(good);
  broken[broken.length - 10] = (broken[broken.length - 10] ?? 0) ^ 1;
  const data = [
    Buffer.from('nothing'),
    broken,
    good.subarray(0, 100),
    await certificateRequest(generateKeyPairSync('rsa', { modulusLength: 1024 })),
    await certificateRequest(rsaKeys(), 'SHA-1'),
    Buffer.alloc(8000, 0x30), // nested without end
    Buffer.alloc(9000),
  ];
  for (const Data of data) {
    const answer = await postJoin(world, token, {
      ...(await joinBody()),
      CertificateRequest: { Type: 'pkcs10', Data: encodeBase64(Data) },
    });
    expect([answer.status, answer.json.suberror]).toEqual([400, 'certificate-request-invalid']);
  }
});

test('transport keys and join types that are not taken', async () => {
  const blob = Buffer.from(encodeTransportKey(rsaKeys().publicKey), 'base64');
  blob.writeUInt32LE(1, 16); // a prime length
  const wrongKey = await postJoin(world, token, { ...(await joinBody()), TransportKey: encodeBase64(blob) });
  expect([wrongKey.status, wrongKey.json.suberror]).toEqual([400, 'transport-key-invalid']);
  for (const JoinType of [6, 7, 255]) {
    const answer = await postJoin(world, token, { ...(await joinBody()), JoinType });
    expect([answer.status, answer.json.suberror]).toEqual([400, 'join-type-unsupported']);
  }
});

test('a user registers fifty devices and no more', async () => {
  const { key: collector } = await enrol(world, { userPrincipalName: 'collector@corp.example.com' });
  const theirs = (await registrationToken(world, collector)).json.access_token;
  const body = await joinBody();
  const answers = [];
  for (let i = 0; i < 51; i++) answers.push((await postJoin(world, theirs, body)).json.suberror);
  expect(answers.indexOf('device-limit-reached')).toBe(50);
});
