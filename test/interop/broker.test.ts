/**
 * A broker written apart from the product, from the description of the protocol alone (`broker/`), with the well-known
 * host names built in: it gets nothing of ours but a hosts file and a root to trust.
 */
import { createPublicKey } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CORP } from '../../packages/tenant/test/world.ts';
import { BrokerTenant, LOGIN, type Person } from '../support/broker-tenant.ts';
import { BROKER, BROKER_REDIRECT, Broker, type Prt, Refusal } from './broker/broker.ts';
import { type Device, deviceOf, newKey, REGISTRATION, RegistrationService } from './broker/device.ts';
import { FLAVOURS } from './broker/flavour.ts';
import { claimsOf } from './broker/jwt.ts';
import { nFold } from './broker/kerberos.ts';
import { SignInPage } from './broker/page.ts';
import { contextOf, derivedKey } from './broker/session.ts';

const INTRANET = 'https://intranet.corp.example.com';
const authority = `https://${LOGIN}/common`;
const toRegister = { client_id: BROKER, redirect_uri: BROKER_REDIRECT, resource: REGISTRATION };

let tenant: BrokerTenant;
beforeAll(async () => {
  tenant = await BrokerTenant.start({ resources: [INTRANET] });
}, 60_000);
afterEach(() => {
  tenant.world.clock.offset = 0;
});
afterAll(() => tenant.close());

const registration = () => new RegistrationService(tenant.net);

/** Signs in on the page for registration, and joins. */
async function joined({ upn, key }: Person, broker: Broker, flavour = FLAVOURS.newest): Promise<Device> {
  const code = await new SignInPage(tenant.net, authority).codeByKey(toRegister, upn, key);
  const { access_token } = await broker.tokensByCode(code, toRegister);
  const keys = { key: newKey(), transportKey: newKey() };
  return deviceOf(await registration().join(access_token, keys, flavour), keys);
}

const claims = (token: string, audience: string) => claimsOf(tenant.net, authority, token, audience);

test('the vectors of the description and of RFC 3961', () => {
  const [key, ctx] = [Buffer.alloc(32), Buffer.alloc(24, 1)];
  const under = (kdf: 1 | 2) => derivedKey(key, contextOf(kdf, ctx, '{}')).toString('hex');
  expect(under(1)).toBe('2c6b3791133d45e4cf67b94c80519c9b954de993d182ef20aa5105cab8a72be0');
  expect(under(2)).toBe('351bed87e24a07abf20d973787ffe9cd704d6bc188cad5cfc9ca8c7485036f85');
  expect(nFold(Buffer.from('012345'), 8).toString('hex')).toBe('be072631276b1955');
  expect(nFold(Buffer.from('kerberos'), 16).toString('hex')).toBe('6b65726265726f737b9b5b2b93132b93');
});

test('discovery, on the host that is built in', async () => {
  const found = await registration().discover('corp.example.com');
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining([
      'DiscoveryService',
      'DeviceRegistrationService',
      'DeviceJoinService',
      'TenantInfo',
    ]),
  );
  expect(found.DeviceJoinService).toMatchObject({ JoinResourceId: REGISTRATION, ServiceVersion: '2.0' });
  expect(new URL(found.DeviceRegistrationService.RegistrationEndpoint).hostname).toBe(
    'enterpriseregistration.windows.net',
  );
  expect(new URL(found.AuthenticationService.OAuth2.TokenEndpoint).hostname).toBe(LOGIN);
  const realm = await tenant.net.send('GET', `${authority}/UserRealm/a@corp.example.com?api-version=1.0`);
  expect(JSON.parse(realm.text)).toMatchObject({ account_type: 'Managed' });
});

test('a Temporary Access Pass on the page, for who has no key', async () => {
  const { user, upn } = await tenant.person();
  for (const { id } of await tenant.world.admin.keys.list(user.id))
    await tenant.world.admin.keys.remove(user.id, id);
  const { temporaryAccessPass } = await tenant.world.admin.passes.create(user.id, { isUsableOnce: true });
  const code = await new SignInPage(tenant.net, authority).codeByPass(
    toRegister,
    upn,
    temporaryAccessPass ?? '',
  );
  const broker = new Broker(tenant.net, authority, FLAVOURS.newest);
  const { access_token } = await broker.tokensByCode(code, toRegister);
  expect(await claims(access_token, REGISTRATION)).toMatchObject({ upn });
});

/** Section 4: the members, and of which type each is. */
// biome-ignore lint/suspicious/noExplicitAny: the answer, as a client takes it
function expectPrt(answer: any, { upn, user, name }: Person): void {
  expect(answer).toMatchObject({
    token_type: 'pop',
    expires_in: expect.stringMatching(/^\d+$/),
    ext_expires_in: expect.stringMatching(/^\d+$/),
    expires_on: expect.stringMatching(/^\d+$/),
    refresh_token_expires_in: 1_209_599,
    device_tenant_id: expect.any(String),
    tgt_key_type: 18,
    tgt_ad: expect.any(String),
    tgt_cloud: expect.any(String),
    kerberos_top_level_names: expect.stringContaining('corp.example.com'),
  });
  const part = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString());
  expect(part(answer.id_token.split('.')[1])).toMatchObject({
    upn,
    preferred_username: upn,
    oid: user.id,
    name,
  });
  expect(part(answer.client_info)).toEqual({ uid: user.id, utid: answer.device_tenant_id });
}

function expectTicket(broker: Broker, prt: Prt, { name }: Person) {
  const { documented, asString, realm } = broker.ticket(prt);
  expect(asString).toEqual(documented);
  expect(realm).toBe('CORP.EXAMPLE.COM');
  expect(documented).toMatchObject({ client: name, server: 'krbtgt/CORP.EXAMPLE.COM', sessionKeyType: 18 });
  expect(documented.keyVersion >>> 16).toBe(CORP.krbtgtNumber);
  return documented;
}

describe.each(Object.entries(FLAVOURS))('a client that speaks: %s', (_name, flavour) => {
  let broker: Broker;
  let who: Person;
  let device: Device;
  beforeAll(async () => {
    broker = new Broker(tenant.net, authority, flavour);
    who = await tenant.person();
    device = await joined(who, broker, flavour);
  });

  test('joins, and its certificate has the shape that clients parse', () => {
    const { certificate, id } = device;
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const guid = Buffer.from(id.replaceAll('-', ''), 'hex');
    const little = Buffer.concat([
      ...[
        [0, 4],
        [4, 6],
        [6, 8],
      ].map(([from, to]) => Buffer.from(guid.subarray(from, to)).reverse()),
      guid.subarray(8),
    ]);
    expect(certificate.raw.includes(Buffer.concat([Buffer.from([0x04, 0x81, 0x10]), little]))).toBe(true);
    expect(createPublicKey(device.key).equals(certificate.publicKey)).toBe(true);
    expect(new Date(certificate.validTo).getFullYear() - new Date(certificate.validFrom).getFullYear()).toBe(
      10,
    );
  });

  test('goes on after a sign-in on the page, by its refresh token', async () => {
    const request = { client_id: BROKER, redirect_uri: BROKER_REDIRECT, scope: 'openid offline_access' };
    const code = await new SignInPage(tenant.net, authority).codeByKey(request, who.upn, who.key);
    const { refresh_token } = await broker.tokensByCode(code, request);
    const prt = await broker.prtByRefreshToken(device, refresh_token);
    expectPrt(prt.answer, who);
    expectTicket(broker, prt, who);
  });

  test('signs in by the key inside the request, renews, and gets a token', async () => {
    const prt = await broker.prtByKey(device, who.key);
    expectPrt(prt.answer, who);
    const first = expectTicket(broker, prt, who);

    const renewed = await broker.renew(prt);
    expect(renewed.answer.session_key_jwe).toBeUndefined();
    expect(renewed.token).not.toBe(prt.token);
    const second = expectTicket(broker, renewed, who);
    expect(second.sessionKey.equals(first.sessionKey)).toBe(false);

    const token = await broker.use(renewed, { scope: 'openid', resource: INTRANET });
    expect(token).toMatchObject({ token_type: 'Bearer', resource: INTRANET });
    expect(await claims(token.access_token, INTRANET)).toMatchObject({
      upn: who.upn,
      deviceid: device.id,
      amr: expect.arrayContaining(['fido', 'mfa']),
      appid: BROKER,
    });
  });

  test('is let in to a web page by the PRT: header with the device beside, and cookie', async () => {
    const prt = await broker.prtByKey(device, who.key);
    const request = { client_id: BROKER, redirect_uri: BROKER_REDIRECT };
    const headers = async () => {
      const nonce = await broker.nonce();
      return { nonce, value: broker.credential(prt, nonce) };
    };
    const { nonce, value } = await headers();
    const both = {
      'x-ms-RefreshTokenCredential': value,
      'x-ms-DeviceCredential': broker.deviceCredential(device, await broker.nonce()),
    };
    const reply = await broker.authorize(request, both, nonce);
    const link = /<a href="([^"]+)"/.exec(reply.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect([reply.status, link]).toEqual([302, reply.headers.location]);
    expect(new URL(link).searchParams.get('code')).toBeTruthy();

    const cookie = await headers();
    const sent = { cookie: `x-ms-RefreshTokenCredential=${cookie.value}` };
    const code = await broker.codeByCredential(request, sent, cookie.nonce, '/oauth2/v2.0/authorize');
    const tokens = await broker.tokensByCode(code, request);
    expect(tokens.refresh_token).toBeTruthy();
  });

  test('a stale nonce leads back with a fresh one', async () => {
    const prt = await broker.prtByKey(device, who.key);
    const request = { client_id: BROKER, redirect_uri: BROKER_REDIRECT };
    const stale = await broker.nonce();
    tenant.world.clock.offset += 3600;
    const headers = { 'x-ms-RefreshTokenCredential': broker.credential(prt, stale) };
    const { status, headers: answered } = await broker.authorize(request, headers, stale);
    const again = new URL(String(answered.location));
    expect([status, again.hostname, again.pathname]).toEqual([302, LOGIN, '/common/oauth2/authorize']);
    const nonce = again.searchParams.get('sso_nonce') ?? '';
    expect(nonce).not.toBe(stale);
    const fresh = { 'x-ms-RefreshTokenCredential': broker.credential(prt, nonce) };
    expect(await broker.codeByCredential(request, fresh, nonce)).toBeTruthy();
  });

  test('leaves, with its certificate as the TLS client, and is nobody then', async () => {
    const keys = { key: newKey(), transportKey: newKey() };
    const code = await new SignInPage(tenant.net, authority).codeByKey(toRegister, who.upn, who.key);
    const { access_token } = await broker.tokensByCode(code, toRegister);
    const leaving = deviceOf(await registration().join(access_token, keys, flavour), keys);
    const prt = await broker.prtByKey(leaving, who.key);
    expect(await registration().leave(leaving)).toMatchObject({ status: 200 });
    await expect(broker.renew(prt)).rejects.toBeInstanceOf(Refusal);
    await expect(broker.prtByKey(leaving, who.key)).rejects.toMatchObject({
      status: 400,
      answer: { error: expect.any(String), error_codes: [expect.any(Number)] },
    });
  });
});
