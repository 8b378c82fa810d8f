/** Sessions in a browser and what they open: one's own keys, with a fresh proof for what is dangerous. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { authorizePath, configOf, TestBrowser } from '../../test/browser.ts';
import { enrol, startWorld, type World } from '../../test/world.ts';

const ORIGIN = 'https://localhost';
let world: World;
let people = 0;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** Somebody new with one key, signed in. */
async function somebody() {
  const { user, key } = await enrol(world, { userPrincipalName: `user${++people}@corp.example.com` });
  const browser = new TestBrowser(world);
  const signIn = () => browser.signIn(key);
  expect((await signIn()).headers.location).toBe('/security-info');
  return { user, key, browser, signIn };
}
type Person = Awaited<ReturnType<typeof somebody>>;
const codeOf = (answer: { status: number; json: { suberror?: string } }) =>
  answer.status === 200 ? 'ok' : answer.json.suberror;
const bytes = (challenge: string) => Buffer.from(challenge, 'base64url');

async function addKey({ browser }: Person, key = new TestKey()) {
  const options = await browser.json('POST', '/api/keys/options', {});
  if (options.status !== 200) return { answer: options, key };
  const credential = key.create({ publicKey: options.json, origin: ORIGIN });
  return { answer: await browser.json('POST', '/api/keys', { displayName: 'second', credential }), key };
}
async function removeKey({ browser }: Person, id: string, by?: TestKey, more: object = {}) {
  const options = (await browser.json('POST', '/api/proof/options', { removing: id })).json;
  const assertion = by && JSON.stringify(by.assert(bytes(options.challenge)));
  return browser.json('DELETE', `/api/keys/${id}`, { assertion, ...more });
}

test('a session is opaque, hashed in the store, for this host alone, and over when signed out', async () => {
  const { browser, user } = await somebody();
  const token = browser.cookies.get('__Host-kennel-session') ?? '';
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(browser.setCookies.at(-1)).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  const session = await browser.json('GET', '/api/session');
  expect(session.json).toMatchObject({ method: 'fido', user: { id: user.id, role: 'user' } });
  expect(Date.parse(session.json.freshUntil)).toBeGreaterThan(Date.now());
  const page = await browser.get('/security-info');
  expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  expect(page.text).not.toContain('KENNEL-CSP-NONCE');
  expect((await browser.get('/sign-in?return=/accepted-keys')).headers.location).toBe('/accepted-keys');
  expect(world.logged.join('')).not.toContain(token);
  expect((await browser.json('DELETE', '/api/session')).status).toBe(200);
  browser.cookies.set('__Host-kennel-session', token);
  expect(codeOf(await browser.json('GET', '/api/session'))).toBe('authentication-required');
  expect((await browser.get('/security-info')).headers.location).toBe('/sign-in?return=%2Fsecurity-info');
});

test('a change that another site asks for is refused', async () => {
  const { browser } = await somebody();
  for (const origin of ['https://evil.example', 'null', 'https://localhost.evil.example']) {
    const answer = await browser.send('DELETE', '/api/session', undefined, { origin });
    expect(codeOf(answer)).toBe('right-missing');
  }
  expect(codeOf(await browser.send('DELETE', '/api/session'))).toBe('right-missing');
  expect(codeOf(await browser.json('GET', '/api/session'))).toBe('ok');
});

test('a session ends an hour after its last use, and twelve hours after its beginning', async () => {
  const { browser, signIn } = await somebody();
  const alive = async () => (await browser.json('GET', '/api/session')).status === 200;
  try {
    for (let minutes = 50; minutes <= 700; minutes += 50) {
      world.clock.offset = minutes * 60;
      expect(await alive(), `${minutes} minutes`).toBe(true);
    }
    world.clock.offset = 721 * 60;
    expect(await alive()).toBe(false);
    await signIn();
    world.clock.offset += 61 * 60;
    expect(await alive()).toBe(false);
  } finally {
    world.clock.offset = 0;
  }
});

test('a session ends with the user, with the key, and with what policy says of the key', async () => {
  const { browser, user, key, signIn } = await somebody();
  const alive = async () => (await browser.json('GET', '/api/session')).status === 200;
  await world.admin.users.disable(user.id);
  expect(await alive()).toBe(false);
  await world.admin.users.enable(user.id);
  expect(await alive()).toBe(false);
  await signIn();
  await world.admin.keyPolicies.change('default', { passkeyTypes: ['synced'] });
  expect(await alive()).toBe(false);
  await world.admin.keyPolicies.change('default', { passkeyTypes: ['deviceBound', 'synced'] });
  expect(await alive(), 'over is over').toBe(false);
  await signIn();
  expect(await alive()).toBe(true);
  await world.admin.keys.remove(user.id, key.id);
  expect(await alive()).toBe(false);
});

test('nobody locks themselves out by a policy', async () => {
  const { browser, user } = await somebody();
  await world.admin.users.setRole(user.id, 'administrator');
  const change = (changes: object) => browser.json('PATCH', '/admin/v1/key-policies/default', changes);
  expect(codeOf(await change({ transports: ['nfc'] }))).toBe('policy-locks-you-out');
  expect((await world.admin.keyPolicies.show('default')).transports).toBeNull();
  expect(codeOf(await change({ transports: ['usb', 'nfc'] }))).toBe('ok');
  // who has no key here may do what they want
  await world.admin.keyPolicies.change('default', { transports: ['nfc'] });
  await world.admin.keyPolicies.remove('default');
  await world.admin.users.setRole(user.id, 'user');
});

test('signed out everywhere, every session of the person is over, and nobody else’s', async () => {
  const [person, other] = [await somebody(), await somebody()];
  const elsewhere = new TestBrowser(world);
  await elsewhere.signIn(person.key);
  expect((await person.browser.json('DELETE', '/api/sign-ins')).status).toBe(200);
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({ event: 'user.signed-out', subject: `user:${person.user.id}` });
  for (const browser of [person.browser, elsewhere]) {
    expect(codeOf(await browser.json('GET', '/api/session'))).toBe('authentication-required');
  }
  expect(codeOf(await other.browser.json('GET', '/api/session'))).toBe('ok');
  expect((await person.signIn()).headers.location).toBe('/security-info');
});

test('adding a key takes a proof of the last five minutes, which a key renews', async () => {
  const person = await somebody();
  const { browser, key } = person;
  try {
    world.clock.offset = 301;
    expect(codeOf((await addKey(person)).answer)).toBe('fresh-assertion-required');
    const options = (await browser.json('POST', '/api/proof/options', {})).json;
    expect(options.allowCredentials).toMatchObject([{ id: key.id, type: 'public-key' }]);
    const proof = { assertion: JSON.stringify(key.assert(bytes(options.challenge))) };
    expect(codeOf(await browser.json('POST', '/api/proof', proof))).toBe('ok');
    expect(codeOf(await browser.json('POST', '/api/proof', proof))).toBe('nonce-replayed');
    const { answer, key: second } = await addKey(person);
    expect(codeOf(answer)).toBe('ok');
    const { keys } = (await browser.json('GET', '/api/keys')).json;
    expect(keys).toMatchObject([
      { id: key.id, current: true, lastUsedWhere: 'a program', passkeyType: 'deviceBound', attested: false },
      { id: second.id, current: false, lastUsedOn: null, displayName: 'second' },
    ]);
  } finally {
    world.clock.offset = 0;
  }
});

test('a registration is for the session that began it, and tells what the key cannot', async () => {
  const person = await somebody();
  const options = (await person.browser.json('POST', '/api/keys/options', {})).json;
  expect(options).toMatchObject({
    extensions: { credProps: true, hmacCreateSecret: true, prf: {} },
    excludeCredentials: [{ id: person.key.id }],
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  const credential = new TestKey().create({ publicKey: options, origin: ORIGIN });
  const other = new TestBrowser(world);
  await other.signIn(person.key);
  const register = (browser: TestBrowser, more: object = {}) =>
    browser.json('POST', '/api/keys', { displayName: 'k', credential: { ...credential, ...more } });
  expect(codeOf(await register(other))).toBe('challenge-unknown');
  // the refused try has used the challenge up
  expect(codeOf(await register(person.browser))).toBe('challenge-unknown');
  const again = (await person.browser.json('POST', '/api/keys/options', {})).json;
  const flat = new TestKey().create({ publicKey: again, origin: ORIGIN });
  const results = { clientExtensionResults: { credProps: { rk: false } } };
  expect(codeOf(await register(person.browser, { ...flat, ...results }))).toBe('registration-invalid');
  await world.admin.keyPolicies.change('default', { selfService: false });
  expect(codeOf((await addKey(person)).answer)).toBe('self-service-off');
  await world.admin.keyPolicies.change('default', { selfService: true });
});

test('renaming is for one’s own keys', async () => {
  const [one, two] = [await somebody(), await somebody()];
  const rename = (browser: TestBrowser, id: string) =>
    browser.json('PATCH', `/api/keys/${id}`, { displayName: 'Blue key' });
  expect(codeOf(await rename(one.browser, two.key.id))).toBe('key-not-found');
  expect(codeOf(await rename(one.browser, one.key.id))).toBe('ok');
  expect((await one.browser.json('GET', '/api/keys')).json.keys[0].displayName).toBe('Blue key');
});

test('a key is removed by another one’s proof for that removal, and by nothing else', async () => {
  const person = await somebody();
  const { browser, key } = person;
  expect(codeOf(await removeKey(person, key.id))).toBe('proof-of-another-key-required');
  expect(codeOf(await removeKey(person, key.id, key))).toBe('proof-of-another-key-required');
  const { key: second } = await addKey(person);
  const { key: third } = await addKey(person);
  // a proof for the session, or for the removal of another key, does not do
  for (const asked of [{}, { removing: third.id }]) {
    const options = (await browser.json('POST', '/api/proof/options', asked)).json;
    const assertion = JSON.stringify(second.assert(bytes(options.challenge)));
    expect(codeOf(await browser.json('DELETE', `/api/keys/${key.id}`, { assertion }))).toBe('nonce-unknown');
  }
  const stranger = await somebody();
  expect(codeOf(await removeKey(person, key.id, stranger.key))).toBe('key-of-another-user');
  expect(codeOf(await removeKey(person, key.id, second))).toBe('ok');
  expect(codeOf(await removeKey(person, key.id, second))).toBe('key-not-found');
  // the session was begun with the key that is gone, and goes on with the one that was shown
  const { keys } = (await browser.json('GET', '/api/keys')).json;
  expect(keys.map(({ id, current }: { id: string; current: boolean }) => [id, current])).toEqual([
    [second.id, true],
    [third.id, false],
  ]);
  expect((await new TestBrowser(world).signIn(key)).text).toMatch(/was removed from your account/);
});

/** Signs in with a pass through the page's form. */
async function signInByPass(browser: TestBrowser, login: string, accesspass: string, page = '/sign-in') {
  const config = configOf(await browser.get(page));
  const { canary, sCtx: ctx, sFT: flowToken } = config;
  return browser.form(config.urlPost, { canary, ctx, flowToken, hpgrequestid: '', login, accesspass });
}

test('a pass signs in, is used up by the first registration and not by a click, and makes nobody an administrator', async () => {
  const user = await world.admin.users.create({ userPrincipalName: `user${++people}@corp.example.com` });
  const { temporaryAccessPass: pass } = await world.admin.passes.create(user.id, { isUsableOnce: true });
  const browser = new TestBrowser(world);
  const wrong = await signInByPass(browser, user.userPrincipalName, 'WRONGPASS');
  expect(wrong.text).toMatch(/<details open>/);
  expect(configOf(wrong).sErrTxt).toMatch(/wrong, or it is not good now/);
  for (let click = 0; click < 3; click++) {
    const again = new TestBrowser(world);
    expect((await signInByPass(again, user.userPrincipalName, pass ?? '')).status).toBe(303);
  }
  expect((await signInByPass(browser, user.userPrincipalName, pass ?? '')).status).toBe(303);
  const idle = new TestBrowser(world);
  await signInByPass(idle, user.userPrincipalName, pass ?? '');
  expect((await browser.json('GET', '/api/session')).json).toMatchObject({ method: 'pass' });
  const { answer, key } = await addKey({ browser } as Person);
  expect(codeOf(answer)).toBe('ok');
  expect((await browser.json('GET', '/api/session')).json).toMatchObject({ method: 'fido' });
  // the pass is used up, and with it every other session that it began
  expect(codeOf(await idle.json('GET', '/api/session'))).toBe('authentication-required');
  expect(
    configOf(await signInByPass(new TestBrowser(world), user.userPrincipalName, pass ?? '')).sErrorCode,
  ).toBeDefined();
  expect((await new TestBrowser(world).signIn(key)).status).toBe(303);
});

test('a fresh pass removes keys, the last one after a warning', async () => {
  const person = await somebody();
  const { temporaryAccessPass: pass } = await world.admin.passes.create(person.user.id, {
    isUsableOnce: false,
  });
  const browser = new TestBrowser(world);
  await signInByPass(browser, person.user.userPrincipalName, pass ?? '');
  const byPass = { ...person, browser };
  expect(codeOf(await removeKey(byPass, person.key.id))).toBe('last-key-unconfirmed');
  try {
    world.clock.offset = 301;
    expect(codeOf(await removeKey(byPass, person.key.id, undefined, { lastKeyConfirmed: true }))).toBe(
      'proof-of-another-key-required',
    );
  } finally {
    world.clock.offset = 0;
  }
  expect(codeOf(await removeKey(byPass, person.key.id, undefined, { lastKeyConfirmed: true }))).toBe('ok');
});

test('a code after a pass uses up one that is good once', async () => {
  const user = await world.admin.users.create({ userPrincipalName: `user${++people}@corp.example.com` });
  const { temporaryAccessPass: pass } = await world.admin.passes.create(user.id, { isUsableOnce: true });
  const through = () =>
    signInByPass(new TestBrowser(world), user.userPrincipalName, pass ?? '', authorizePath());
  const first = await through();
  expect(first.headers.location).toMatch(/[?&]code=/);
  expect((await through()).status).toBe(200);
});
