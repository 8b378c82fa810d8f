/** The first administrator's link: good once, for a key, and never again where there is an administrator. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { TestBrowser } from '../../test/browser.ts';
import { startWorld, type World } from '../../test/world.ts';

const ADA = { userPrincipalName: 'ada@corp.example.com', displayName: 'Ada' };
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const linkToken = () => new URL(world.firstAdministratorLink ?? 'missing:').hash.slice(1);
const register = async (browser: TestBrowser, token: string, key = new TestKey(), user = ADA) => {
  const options = await browser.json('POST', '/first-administrator/options', { token, ...user });
  if (options.status !== 200) return options;
  const credential = key.create({ publicKey: options.json, origin: 'https://localhost' });
  return browser.json('POST', '/first-administrator', { token, ...user, credential });
};

test('a link registers one key, whose holder is then the administrator', async () => {
  const [first, token] = [linkToken(), linkToken()];
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(world.logged.join('')).not.toContain(token);
  const browser = new TestBrowser(world);
  expect((await browser.get('/first-administrator')).status).toBe(200);
  expect((await register(browser, 'x'.repeat(43))).json.suberror).toBe('first-administrator-link-invalid');
  const cross = { token, ...ADA };
  const evil = { origin: 'https://evil.example', 'content-type': 'application/json' };
  const forged = await browser.send('POST', '/first-administrator/options', JSON.stringify(cross), evil);
  expect(forged.json.suberror).toBe('right-missing');
  // a registration that fails leaves the link as it was
  const options = (await browser.json('POST', '/first-administrator/options', cross)).json;
  const bad = new TestKey().create({ publicKey: options, origin: 'https://evil.example' });
  const refused = await browser.json('POST', '/first-administrator', { ...cross, credential: bad });
  expect(refused.json.suberror).toBe('registration-invalid');
  // what failed in the browser already is logged, for who has the link alone
  const failure = {
    ceremony: 'registration',
    challenge: options.challenge,
    kind: 'cancelled',
    clientError: 'NotAllowedError',
    elapsedMs: 3_000,
  };
  const tell = (secret: string) =>
    browser.json('POST', '/first-administrator/failures', { token: secret, failure });
  expect((await tell('x'.repeat(43))).json.suberror).toBe('first-administrator-link-invalid');
  const { traceId } = (await tell(token)).json;
  expect((await world.admin.ceremonies.list({ trace: traceId }))[0]).toMatchObject({
    event: 1002,
    reason: 'cancelled',
    elapsedMs: 3_000,
  });
  // a restart makes a new link, and the old one is worth nothing
  await world.restart();
  expect((await register(browser, first)).json.suberror).toBe('first-administrator-link-invalid');
  const begun = [];
  for (const name of ['ada', 'eve']) {
    const given = { token: linkToken(), userPrincipalName: `${name}@corp.example.com` };
    const begin = (await browser.json('POST', '/first-administrator/options', given)).json;
    const credential = new TestKey().create({ publicKey: begin, origin: 'https://localhost' });
    begun.push({ ...given, credential });
  }
  const tries = await Promise.all(
    begun.map((given) => new TestBrowser(world).json('POST', '/first-administrator', given)),
  );
  expect(tries.map(({ status }) => status).sort()).toEqual([200, 403]);
  const users = await world.admin.users.list();
  expect(users.filter(({ role }) => role === 'administrator')).toHaveLength(1);
  const loser = users.find(({ role }) => role === 'user');
  expect(await world.admin.keys.list(loser?.id ?? '')).toEqual([]);
  await world.restart();
  expect(world.firstAdministratorLink).toBeUndefined();
});

test("an administrator's session opens the administrators' routes, what is dangerous with a fresh proof", async () => {
  const user = await world.admin.users.create({ userPrincipalName: 'carl@corp.example.com' });
  const key = new TestKey();
  const credential = key.create(await world.admin.keys.options(user.id));
  await world.admin.keys.register(user.id, { displayName: 'k', credential });
  const browser = new TestBrowser(world);
  await browser.signIn(key);
  expect((await browser.json('GET', '/admin/v1/users')).json.suberror).toBe('right-missing');
  await world.admin.users.setRole(user.id, 'administrator');
  expect((await browser.json('GET', '/admin/v1/users')).status).toBe(200);
  const promote = () => browser.json('PUT', '/admin/v1/users/ada/role', { role: 'user' });
  expect((await promote()).json).toMatchObject({ role: 'user' });
  try {
    world.clock.offset = 301;
    expect((await promote()).json.suberror).toBe('fresh-assertion-required');
  } finally {
    world.clock.offset = 0;
  }
  await world.admin.users.setRole(user.id, 'user');
  expect((await browser.json('GET', '/admin/v1/users')).json.suberror).toBe('right-missing');
});
