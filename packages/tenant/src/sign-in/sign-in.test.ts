/** The sign-in page as a broker without a browser drives it: authorize, key, code, tokens; and all that is refused. */
import { createHash } from 'node:crypto';
import { CLIENT_IDS, DRS_RESOURCE, GRANT_TYPES } from '@kennel/prt';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { authorizePath, BROKER_REDIRECT, configOf, TestBrowser } from '../../test/browser.ts';
import { ALICE, enrol, joinBody, postJoin, startWorld, type World } from '../../test/world.ts';

let world: World;
let key: TestKey;
let browser: TestBrowser;
beforeAll(async () => {
  world = await startWorld();
  ({ key } = await enrol(world));
});
afterAll(() => world.close());
const fresh = () => {
  browser = new TestBrowser(world);
  return browser;
};
const errorOf = (text: string) => /<p id="error-text">([^<]*)</.exec(text)?.[1] ?? '';
const redirectOf = (answer: { headers: Record<string, unknown> }) => new URL(String(answer.headers.location));

/** Through authorize and the key to a code. */
async function code(more: Record<string, string> = {}): Promise<string> {
  const config = configOf(await fresh().get(authorizePath(more)));
  const answer = await browser.answer(config, key);
  expect(answer.status).toBe(302);
  return redirectOf(answer).searchParams.get('code') ?? '';
}
const redeem = (given: Record<string, string>) =>
  world.form({
    grant_type: GRANT_TYPES.authorizationCode,
    client_id: CLIENT_IDS.authenticationBroker,
    redirect_uri: BROKER_REDIRECT,
    ...given,
  });

test('a broker walks from authorize to tokens, and joins a device with them', async () => {
  fresh();
  const first = configOf(await browser.get(authorizePath({ resource: DRS_RESOURCE })));
  expect(first).toMatchObject({ iAllowedIdentities: 2, arrUserProofs: [], arrFidoAllowList: [] });
  const type = await browser.json('POST', first.urlGetCredentialType, {
    username: ALICE.userPrincipalName,
    isFidoSupported: true,
    originalRequest: first.sCtx,
    flowToken: first.sFT,
  });
  expect(type.json).toMatchObject({ IfExistsResult: 0, ThrottleStatus: 0, FlowToken: first.sFT });
  const { PrefCredential, HasFido, FidoParams } = type.json.Credentials;
  expect([PrefCredential, HasFido]).toEqual([7, true]);
  expect(FidoParams.AllowList).toEqual([Buffer.from(key.id, 'base64url').toString('base64')]);
  const page = await browser.form(first.urlFidoLogin, {
    ctx: first.sCtx,
    flowToken: first.sFT,
    username: 'alice',
  });
  const second = configOf(page);
  expect(second.sFidoChallenge).not.toBe(first.sFidoChallenge);
  const answer = await browser.answer(second, key);
  expect(answer.status).toBe(302);
  expect(answer.headers.location).toContain(`${BROKER_REDIRECT}?`);
  const sent = redirectOf(answer).searchParams;
  expect(sent.get('state')).toBe('a state & more');
  const tokens = await redeem({ code: sent.get('code') ?? '' });
  expect(tokens.status).toBe(200);
  expect(tokens.json).toMatchObject({ token_type: 'Bearer', resource: DRS_RESOURCE, expires_in: '600' });
  expect(decodeJwt(tokens.json.access_token)).toMatchObject({ aud: DRS_RESOURCE, amr: ['fido', 'mfa'] });
  expect(decodeJwt(tokens.json.id_token)).toMatchObject({ upn: ALICE.userPrincipalName });
  expect((await postJoin(world, tokens.json.access_token, await joinBody())).status).toBe(200);
  const realm = await browser.get(`/common/UserRealm/${ALICE.userPrincipalName}?api-version=1.0`);
  expect(realm.json).toMatchObject({ account_type: 'Managed' });
});

test('a code is good once, for its client and its address; whoever uses it again ends what came of it', async () => {
  const given = { code: await code() };
  expect((await redeem({ ...given, client_id: CLIENT_IDS.broker })).json.suberror).toBe('code-invalid');
  expect((await redeem({ ...given, redirect_uri: 'http://localhost' })).json.suberror).toBe('code-invalid');
  const tokens = (await redeem(given)).json;
  const refresh = (refresh_token: string) =>
    world.form({
      grant_type: GRANT_TYPES.refreshToken,
      client_id: CLIENT_IDS.authenticationBroker,
      refresh_token,
    });
  const next = (await refresh(tokens.refresh_token)).json;
  expect(decodeJwt(next.access_token).sub).toBe(decodeJwt(tokens.access_token).sub);
  expect((await redeem(given)).json.suberror).toBe('code-invalid');
  expect((await refresh(next.refresh_token)).json.suberror).toBe('refresh-token-invalid');
});

test('a refresh token that comes twice ends its family', async () => {
  const { refresh_token: one } = (await redeem({ code: await code() })).json;
  const refresh = (refresh_token: string, client_id: string = CLIENT_IDS.authenticationBroker) =>
    world.form({ grant_type: GRANT_TYPES.refreshToken, client_id, refresh_token });
  expect((await refresh(one, CLIENT_IDS.broker)).json.suberror).toBe('refresh-token-invalid');
  const { refresh_token: two } = (await refresh(one)).json;
  expect((await refresh(one)).json.suberror).toBe('refresh-token-invalid');
  expect((await refresh(two)).json.suberror).toBe('refresh-token-invalid');
});

test('PKCE: the verifier belongs to the code', async () => {
  const verifier = 'v'.repeat(43);
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  const asked = { code_challenge, code_challenge_method: 'S256' };
  expect((await redeem({ code: await code(asked) })).json.suberror).toBe('pkce-wrong');
  expect((await redeem({ code: await code(asked), code_verifier: 'x'.repeat(43) })).json.suberror).toBe(
    'pkce-wrong',
  );
  expect((await redeem({ code: await code(), code_verifier: verifier })).json.suberror).toBe('pkce-wrong');
  expect((await redeem({ code: await code(asked), code_verifier: verifier })).status).toBe(200);
  const plain = await fresh().get(
    authorizePath({ code_challenge: verifier, code_challenge_method: 'plain' }),
  );
  expect(redirectOf(plain).searchParams.get('error')).toBe('invalid_request');
});

test('nobody is sent to an address that is not of the client', async () => {
  for (const more of [
    { client_id: '00000000-0000-4000-8000-000000000000' },
    { redirect_uri: 'https://evil.example/' },
    { redirect_uri: `${BROKER_REDIRECT}/../x` },
    { redirect_uri: 'http://localhost.evil.example' },
    { redirect_uri: 'http://localhost@evil.example/' },
    { redirect_uri: 'http://localhost/other' },
  ]) {
    const answer = await fresh().get(authorizePath(more));
    expect([answer.status, answer.headers.location], JSON.stringify(more)).toEqual([400, undefined]);
    expect(answer.text).toContain('Trace id');
  }
  const loopback = await fresh().get(authorizePath({ redirect_uri: 'http://localhost:45678' }));
  expect(loopback.status).toBe(200);
  const policy = String(loopback.headers['content-security-policy']);
  expect(policy).toContain("form-action 'self' http://localhost:45678;");
  expect((await fresh().get('/common/login')).headers.location).toBe('/sign-in');
  const none = await fresh().get(authorizePath({ prompt: 'none' }));
  expect(redirectOf(none).searchParams.get('error')).toBe('login_required');
});

test('a page has a policy without inline code, and its data cannot leave its script', async () => {
  const answer = await fresh().get(authorizePath({ login_hint: '</script><script>alert(1)</script>' }));
  const policy = String(answer.headers['content-security-policy']);
  const [, nonce = ''] = /script-src 'nonce-([\w-]+)';/.exec(policy) ?? [];
  expect(nonce.length).toBeGreaterThan(20);
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("default-src 'none'");
  expect(answer.text.match(/<script/g)).toHaveLength(2);
  expect(answer.text.match(new RegExp(`nonce="${nonce}"`, 'g'))).toHaveLength(2);
  expect(answer.text).not.toContain('<script>');
  expect(answer.text).not.toMatch(/ on\w+=| style=/);
  expect((await fresh().get(authorizePath())).headers['content-security-policy']).not.toContain(nonce);
  for (const cookie of browser.setCookies) {
    expect(cookie).toMatch(/^__Host-.*; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  }
});

test('an answer is for one browser, one challenge, one time and one purpose', async () => {
  const config = configOf(await fresh().get('/sign-in'));
  const mine = browser;
  const theirs = fresh();
  const other = configOf(await theirs.get('/sign-in'));
  // another browser's page, and its canary with our cookie
  expect((await theirs.answer(config, key)).status).toBe(400);
  expect((await mine.answer({ ...config, canary: other.canary }, key)).status).toBe(400);
  expect((await mine.answer({ ...config, sCtx: other.sCtx }, key)).status).toBe(400);
  // a challenge that another browser was given, or any client for a PRT
  const crossed = await mine.answer({ ...config, sFidoChallenge: other.sFidoChallenge }, key);
  expect(errorOf(crossed.text)).toMatch(/not from this tenant/);
  const prt = await mine.answer({ ...config, sFidoChallenge: await world.nonce() }, key);
  expect(errorOf(prt.text)).toMatch(/not from this tenant/);
  expect((await mine.answer(config, key)).status).toBe(303);
  expect(errorOf((await mine.answer(config, key)).text)).toMatch(/used before/);
});

test('the rules of an assertion hold here too, and the page says why with a trace id', async () => {
  const refused = async (faults: Parameters<TestBrowser['signIn']>[2], with_ = key) => {
    const answer = await fresh().signIn(with_, '/sign-in', faults);
    expect(answer.status).toBe(200);
    expect(configOf(answer).sErrorCode).toMatch(/^\d+$/);
    expect(answer.text).toContain(configOf(answer).sessionId);
    return errorOf(answer.text);
  };
  expect(await refused({ flags: 0x01 })).toMatch(/PIN or fingerprint/);
  expect(await refused({ origin: 'https://evil.example' })).toMatch(/does not fit/);
  expect(await refused({ rpId: 'evil.example' })).toMatch(/does not fit/);
  expect(await refused({ counter: 1 })).toMatch(/counter went back/);
  expect(await refused({ userHandle: 'AAAA' })).toMatch(/not registered here/);
  expect(await refused({ userHandle: '' })).toMatch(/not registered here/);
  expect(await refused({ login: 'bob@corp.example.com' })).toMatch(/another user/);
  const stranger = new TestKey();
  stranger.create(await world.admin.keys.options('alice'));
  expect(await refused({}, stranger)).toMatch(/not registered here/);
  // who was named may have a key that does not say whose it is
  key.counter = 100;
  expect((await fresh().signIn(key, '/sign-in', { login: 'alice', userHandle: '' })).status).toBe(303);
  const events = await world.admin.audit.list({ limit: 3 });
  expect(events.map(({ event }) => event)).toContain('sign-in.allowed');
});

test('who is a user here is not told', async () => {
  const ask = async (username: string) =>
    (await fresh().json('POST', '/common/GetCredentialType', { username })).json;
  const [alice, nobody] = [await ask('alice'), await ask('nobody@corp.example.com')];
  const shape = (answer: typeof alice) => ({
    ...answer,
    Username: '',
    Display: '',
    Credentials: { ...answer.Credentials, FidoParams: answer.Credentials.FidoParams.AllowList.length },
  });
  expect(shape(alice)).toEqual(shape(nobody));
  expect(await ask('nobody@corp.example.com')).toEqual(nobody);
  expect(nobody.Credentials.FidoParams.AllowList).not.toEqual(
    (await ask('other@x.y')).Credentials.FidoParams.AllowList,
  );
});

test('policy holds at the page: a key that is no longer accepted signs nobody in', async () => {
  await world.admin.keyPolicies.change('default', { attestationEnforced: true });
  expect(errorOf((await fresh().signIn(key)).text)).toMatch(/whose maker vouches/);
  await world.admin.keyPolicies.change('default', { attestationEnforced: false });
  expect((await fresh().signIn(key)).status).toBe(303);
});

test('what failed in the browser goes into the log of ceremonies, where the tenant had begun it', async () => {
  const config = configOf(await fresh().get('/sign-in'));
  const challenge = Buffer.from(config.sFidoChallenge).toString('base64url');
  const failure = {
    ceremony: 'assertion',
    challenge,
    kind: 'cancelled',
    clientError: 'NotAllowedError',
    elapsedMs: 9,
  };
  const { traceId } = (await browser.json('POST', config.kennel.urlReport, failure)).json;
  const steps = await world.admin.ceremonies.list({ trace: traceId });
  expect(steps.map(({ event, reason, clientError }) => [event, reason, clientError])).toEqual([
    [1005, 'cancelled', 'NotAllowedError'],
    [1003, null, null],
  ]);
  const stranger = await fresh().json('POST', config.kennel.urlReport, failure);
  expect([stranger.status, stranger.json.suberror]).toEqual([400, 'challenge-unknown']);
});
