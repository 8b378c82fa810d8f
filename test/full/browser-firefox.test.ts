/**
 * The pages in Firefox, with virtual security keys: another browser than that of all other tests, with another dialog
 * and other errors. Who registers, signs in and loses a key gets on there as well, and is told as plainly what went wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { startWorld, type World } from '../../packages/tenant/test/world.ts';
import { Firefox, type FirefoxKey } from '../support/firefox.ts';
import { missing, withPeers } from '../support/peers.ts';

const it = withPeers('firefox');
let world: World;
let firefox: Firefox;
beforeAll(async () => {
  if (missing(['firefox']).length > 0) return;
  world = await startWorld({ tenantName: 'Example Ltd' });
  firefox = await Firefox.start();
});
afterAll(async () => {
  await firefox?.close();
  await world?.close();
});

/** Keys that do not fit, and what is said at a registration: Firefox lets one through that cannot tell who holds it. */
const UNFIT: readonly [FirefoxKey, RegExp][] = [
  [{ isUserVerified: false }, /No key that fits was found/],
  [{ hasUserVerification: false, isUserVerified: false }, /This key did not check that it is you. Set a PIN/],
  [{ protocol: 'ctap1/u2f' }, /No key that fits was found/],
];

async function signOut(): Promise<void> {
  await firefox.click('Sign out');
  await firefox.see('You are signed out.');
}

/** What the tenant's log has of the failure that is shown. */
async function logged(shown: string) {
  const [, trace] = /Trace id: ([0-9a-f-]{36})/.exec(shown) ?? [];
  return (await world.admin.ceremonies.list({ trace }))[0];
}

it('the first administrator registers a key, signs in without a name, and has the administrators’ pages', async () => {
  const unplugOld = await firefox.plugIn({ protocol: 'ctap1/u2f' });
  await firefox.open(world.firstAdministratorLink ?? 'missing');
  await firefox.fill('#upn', 'ada@corp.example.com');
  await firefox.click('Register a security key');
  const shown = await firefox.error();
  expect(shown).toMatch(/No key that fits was found/);
  expect(await logged(shown)).toMatchObject({ event: 1002, reason: 'no-usable-key' });
  await unplugOld();
  const unplug = await firefox.plugIn();
  await firefox.click('Register a security key');
  await firefox.heading('Security info');
  await signOut();
  await firefox.click('Sign in with a security key');
  await firefox.heading('Security info');
  await firefox.see('on Firefox on Linux');
  await firefox.click('Users and keys');
  await firefox.heading('Users and keys');
  await firefox.see('ada@corp.example.com', 'a');
  for (const page of ['Devices', 'Policy for keys', 'Policy for passes', 'Key events', 'Accepted keys']) {
    await firefox.click(page);
    await firefox.heading(page);
  }
  expect(await world.admin.users.show('ada')).toMatchObject({ role: 'administrator' });
  await signOut();
  await unplug();
});

it('a newcomer registers two keys by a pass, signs in with a name, and removes one key with the other', async () => {
  const user = await world.admin.users.create({ userPrincipalName: 'bob@corp.example.com' });
  const { temporaryAccessPass } = await world.admin.passes.create(user.id, { isUsableOnce: false });
  await firefox.open(`${world.url}/sign-in`);
  await firefox.click('I have no key yet, or have lost it');
  await firefox.fill('#pass-login', 'bob@corp.example.com');
  await firefox.fill('#accesspass', temporaryAccessPass ?? '');
  await firefox.click('Sign in with the pass');
  await firefox.heading('Security info');
  const add = async (name: string) => {
    await firefox.click('Add a key');
    await firefox.fill('[role=dialog] input', name);
    await firefox.clickInDialog('Continue');
  };
  for (const [key, words] of UNFIT) {
    const unplug = await firefox.plugIn(key);
    await add('Unfit');
    const shown = await firefox.error();
    expect(shown, JSON.stringify(key)).toMatch(words);
    expect(await logged(shown)).toMatchObject({ event: 1002 });
    await firefox.clickInDialog('Cancel');
    await unplug();
  }
  const unplugFirst = await firefox.plugIn();
  await add('First');
  await firefox.see('First is registered');
  await add('Once more');
  expect(await firefox.error()).toMatch(/This key is registered already/);
  await firefox.clickInDialog('Cancel');
  // With a name before there is a second key: Firefox's virtual key refuses a list that has a credential of another key.
  await signOut();
  await firefox.fill('#login', 'bob@corp.example.com');
  await firefox.click('Sign in with a security key');
  await firefox.heading('Security info');
  await unplugFirst();
  const unplugSecond = await firefox.plugIn();
  await add('Second');
  await firefox.see('Second is registered');
  await firefox.click('Remove First');
  await firefox.clickInDialog('Remove');
  await firefox.see('First is removed');
  const left = await world.admin.keys.list(user.id);
  expect(left.map(({ displayName }) => displayName)).toEqual(['Second']);
  await signOut();
  await unplugSecond();
});

it('keys that do not fit are told from one’s own', async () => {
  await firefox.forget();
  for (const [key] of [[{}] as const, ...UNFIT]) {
    const unplug = await firefox.plugIn(key);
    await firefox.open(`${world.url}/sign-in`);
    await firefox.click('Sign in with a security key');
    const shown = await firefox.error();
    expect(shown, JSON.stringify(key)).toMatch(/No key of yours was found/);
    expect(await logged(shown)).toMatchObject({ clientError: 'NotAllowedError', reason: 'no-matching-key' });
    await unplug();
  }
});

it('who cancels in Firefox’s own panel is told so, and who waits too long as well', async () => {
  await firefox.forget();
  await firefox.unplugAll();
  await firefox.open(`${world.url}/sign-in`);
  await firefox.click('Sign in with a security key');
  await sleep(1_000); // as long as a person looks at it
  expect(await firefox.pressPanel()).toBe('Cancel');
  const cancelled = await firefox.error();
  expect(cancelled).toMatch(/You are not signed in yet.*dialog was closed.*Try again/s);
  expect(await logged(cancelled)).toMatchObject({ clientError: 'NotAllowedError', reason: 'cancelled' });
  await firefox.open(`${world.url}/sign-in`);
  // as the page is, with less patience: Firefox waits for fifteen seconds at the least
  await firefox.run('window.$Config.kennel.timeout = 15000');
  await firefox.click('Sign in with a security key');
  await firefox.see('Follow the dialog of your browser');
  const late = await firefox.error();
  expect(late).toMatch(/That took too long/);
  expect(await logged(late)).toMatchObject({ clientError: 'NotAllowedError', reason: 'timed-out' });
});

it('no page broke its own policy, and no script failed', async () => {
  expect(await firefox.complaints(world.url)).toEqual([]);
});
