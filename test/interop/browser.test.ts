/**
 * The pages in a real browser with virtual security keys: signing in, one's keys, what is refused and what people do
 * besides. How they look in the dark and on a phone: test/full/browser-looks.test.ts.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { missing, withPeers } from '../support/peers.ts';
import {
  added,
  addKey,
  button,
  errorOf,
  heading,
  lookAtAll,
  signIn,
  signInByPass,
  signOut,
  WebPeople,
} from '../support/web-people.ts';

const it = withPeers('chromium');
let people: WebPeople;
beforeAll(async () => {
  if (missing(['chromium']).length === 0) people = await WebPeople.start();
});
afterAll(() => people?.close());

it('the first administrator registers a key by the link, and signs in with it', async () => {
  const person = await people.open();
  const { page } = person;
  await person.plugIn('deviceBound');
  await page.goto('/first-administrator');
  await page.getByText('opened by the link that the tenant prints').waitFor();
  await page.goto(people.world.firstAdministratorLink ?? 'missing');
  await page.reload();
  await page.getByLabel('Your user name').fill('ada');
  await button(page, 'Register a security key').click();
  await page.getByText('looks like admin@corp.example.com').waitFor();
  await page.getByLabel('Your user name').fill('ada@corp.example.com');
  await button(page, 'Register a security key').click();
  await heading(page, 'Security info');
  expect(await people.world.admin.users.show('ada')).toMatchObject({ role: 'administrator' });
  await signOut(page);
  await signIn(page);
  await heading(page, 'Security info');
  await page.context().close();
});

it('registering a first key, signing in without a name and with one, by keyboard alone', async () => {
  const { person, page, user, name } = await people.newcomer();
  await page.getByText('You have no security key yet.').waitFor();
  const key = await person.plugIn('deviceBound');
  await addKey(page, 'Blue key');
  await added(page, 'Blue key');
  await page.getByText('Stays on this key').waitFor();
  // the metadata knows the model that the key names, and the key proves nothing
  await page.getByText('Virtual Key 5').waitFor();
  await page.getByText('Model not proven').waitFor();
  expect(
    await page.locator('li img').evaluate((image) => (image as { naturalWidth?: number }).naturalWidth),
  ).toBeGreaterThan(0);
  expect(await key.credentials()).toHaveLength(1);
  // the same key again
  await addKey(page, 'Blue key again');
  expect(await errorOf(page)).toMatch(/This key is registered already/);
  await button(page, 'Cancel').click();
  await signOut(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await heading(page, 'Security info');
  await page.getByText('on Chrome on Linux').waitFor();
  await signOut(page);
  await page.getByLabel('User name (optional)').fill(name);
  await page.keyboard.press('Enter');
  await heading(page, 'Security info');
  expect((await people.world.admin.keys.list(user.id))[0]).toMatchObject({
    lastUsedWhere: 'Chrome on Linux',
  });
  await page.context().close();
});

it('a passkey that is offered in the field of the name signs in without a click', async () => {
  const { person, page } = await people.newcomer();
  const key = await person.plugIn('synced', 'internal');
  await addKey(page, 'Phone');
  await added(page, 'Phone');
  await page.getByText('Copied between your devices').waitFor();
  const before = await people.count('sign-in.allowed');
  // Signed out, the page waits for a choice in the field; Chromium makes it for a key that is touched by itself.
  await button(page, 'Sign out').click();
  await expect.poll(() => people.count('sign-in.allowed'), { timeout: 10_000 }).toBe(before + 1);
  await key.unplug();
  await page.context().close();
});

it('a second key, another name, and a removal that the other key confirms; the last key stays', async () => {
  const { person, page, user } = await people.newcomer();
  const first = await person.plugIn('deviceBound');
  await addKey(page, 'First');
  await added(page, 'First');
  await button(page, 'Remove First').click();
  await page.getByText('This is your only key').last().waitFor();
  expect(await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).isDisabled()).toBe(true);
  await button(page, 'Cancel').click();
  await first.unplug();
  const second = await person.plugIn('deviceBound');
  await addKey(page, 'Second');
  await added(page, 'Second');
  await button(page, 'Rename Second').click();
  await page.getByLabel('New name').fill('Safe');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByText('The key is now called Safe.').waitFor();
  // Only the key that is to go is plugged in no more: the other one confirms.
  await button(page, 'Remove First').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('First is removed').waitFor();
  expect((await people.world.admin.keys.list(user.id)).map(({ displayName }) => displayName)).toEqual([
    'Safe',
  ]);
  // with a pass the last one goes, after a warning
  const { temporaryAccessPass } = await people.world.admin.passes.create(user.id, { isUsableOnce: false });
  await second.unplug();
  await signOut(page);
  await signInByPass(page, user.userPrincipalName, temporaryAccessPass ?? '');
  await button(page, 'Remove Safe').click();
  await page.getByText('This is your last key').waitFor();
  const remove = page.getByRole('dialog').getByRole('button', { name: 'Remove' });
  expect(await remove.isDisabled()).toBe(true);
  await page.getByLabel('I understand').check();
  await remove.click();
  await page.getByText('Safe is removed').waitFor();
  expect(await people.world.admin.keys.list(user.id)).toEqual([]);
  await page.context().close();
});

it('keys that cannot tell who holds them, or fail at it, and those of the old kind register nowhere', async () => {
  const { person, page, user } = await people.newcomer();
  for (const kind of ['withoutVerification', 'unverified', 'u2f'] as const) {
    const key = await person.plugIn(kind);
    await addKey(page, 'Old');
    const shown = await errorOf(page);
    expect(shown, kind).toMatch(/No key that fits was found/);
    const [, traceId] = /Trace id: ([0-9a-f-]{36})/.exec(shown) ?? [];
    const steps = await people.world.admin.ceremonies.list({ trace: traceId });
    expect(steps.map(({ event, clientError, reason }) => [event, clientError, reason])).toEqual([
      [1002, 'NotAllowedError', 'no-usable-key'],
      [1000, null, null],
    ]);
    await button(page, 'Cancel').click();
    await key.unplug();
  }
  expect(await people.world.admin.keys.list(user.id)).toEqual([]);
  await page.context().close();
});

it('policy refuses at registration and at the next sign-in, and says what to do', async () => {
  const { person, page } = await people.newcomer();
  await person.plugIn('deviceBound');
  const set = (passkeyTypes: ('synced' | 'deviceBound')[]) =>
    people.world.admin.keyPolicies.change('default', { passkeyTypes });
  try {
    await set(['synced']);
    await addKey(page, 'Hardware');
    expect(await errorOf(page)).toMatch(/accepts only passkeys that are copied between devices/);
    await button(page, 'Cancel').click();
    await page.getByRole('link', { name: 'Accepted keys' }).click();
    await page.getByText('Only passkeys that are copied between devices').waitFor();
    await page.getByRole('rowheader', { name: 'Virtual Key 5' }).waitFor();
    await page.getByRole('link', { name: 'Security info' }).click();
    await set(['deviceBound', 'synced']);
    await addKey(page, 'Hardware');
    await added(page, 'Hardware');
    await signOut(page);
    await set(['synced']);
    await signIn(page);
    expect(await errorOf(page)).toMatch(/accepts only passkeys that are copied between devices/);
    await people.world.admin.keyPolicies.change('default', { selfService: false });
  } finally {
    await people.world.admin.keyPolicies.change('default', {
      passkeyTypes: ['deviceBound', 'synced'],
      selfService: true,
    });
  }
  await signIn(page);
  await heading(page, 'Security info');
  await page.context().close();
});

it('time-out, cancel and a key that is not registered are told apart, and the next try works', async () => {
  const { person, page } = await people.newcomer();
  const key = await person.plugIn('deviceBound');
  await addKey(page, 'Key');
  await added(page, 'Key');
  await signOut(page);
  await key.touch(false);
  // as the page would be if it waited for three seconds, or if somebody pressed Cancel after one
  await page.addInitScript(() => {
    const { location, navigator } = globalThis as unknown as {
      location: { search: string };
      navigator: { credentials: { get: () => Promise<never> } };
    };
    if (location.search === '?cancel') {
      navigator.credentials.get = () =>
        new Promise((_, reject) => {
          setTimeout(() => reject(new DOMException('Not allowed.', 'NotAllowedError')), 1_000);
        });
    }
    let config: unknown;
    Object.defineProperty(globalThis, '$Config', {
      get: () => config,
      set: (value) => {
        if (location.search === '?short') value.kennel.timeout = 3_000;
        config = value;
      },
    });
  });
  await page.goto('/sign-in?short');
  await signIn(page);
  await page.getByText('touch your key when it blinks').waitFor();
  expect(await button(page, 'Sign in with a security key').isDisabled()).toBe(true);
  expect(await errorOf(page)).toMatch(/That took too long/);
  // Headless there is no dialog to press Cancel in: the page is given what browsers give after that (section 5.1.4.1).
  await page.goto('/sign-in?cancel');
  await signIn(page);
  expect(await errorOf(page)).toMatch(/You are not signed in yet/);
  await page.goto('/sign-in');
  await key.unplug();
  const other = await person.plugIn('deviceBound');
  await signIn(page);
  expect(await errorOf(page)).toMatch(/No key of yours was found/);
  await other.unplug();
  await page.context().close();
});

it('at an address that is not of the RP ID the page says so', async () => {
  const person = await people.open();
  await person.plugIn('deviceBound');
  const before = people.complaints.length;
  await person.page.goto(`${people.world.url.replace('localhost', '127.0.0.1')}/sign-in`);
  await signIn(person.page);
  expect(await errorOf(person.page)).toMatch(/This address is not the right one/);
  await person.page.context().close();
  people.complaints.splice(before); // its data is at the right address, where this page may not ask
});

it('two tabs, the back button and a double click', async () => {
  const { person, page } = await people.newcomer();
  await person.plugIn('deviceBound');
  await addKey(page, 'Key');
  await added(page, 'Key');
  await signOut(page);
  const before = await people.count('sign-in.allowed');
  // another tab was opened before, and has the same cookie
  const tab = await page.context().newPage();
  await tab.goto('/sign-in');
  await page.bringToFront();
  await button(page, 'Sign in with a security key').dblclick();
  await heading(page, 'Security info');
  expect(await people.count('sign-in.allowed')).toBe(before + 1);
  // back leads to the sign-in page, which sends who is signed in on
  await page.goBack();
  await heading(page, 'Security info');
  await tab.goto('/accepted-keys');
  await heading(tab, 'Accepted keys');
  await signOut(tab);
  // what the other tab still shows opens nothing, and what it does next leads to signing in
  await page.bringToFront();
  await page.goBack().catch(() => null);
  await page.goto('/accepted-keys');
  await button(page, 'Sign in with a security key').waitFor();
  expect(page.url()).toContain('/sign-in?return=%2Faccepted-keys');
  await signIn(page);
  await heading(page, 'Accepted keys');
  await page.context().close();
});

it('what is dangerous asks for the key again', async () => {
  const { person, page } = await people.newcomer();
  await person.plugIn('deviceBound');
  await addKey(page, 'Key');
  await added(page, 'Key');
  try {
    people.world.clock.offset = 360;
    await addKey(page, 'Another');
    await page.getByText('Your last proof is more than five minutes old').waitFor();
    await button(page, 'Use my security key').click();
    // the key that is plugged in has confirmed, and cannot be registered twice
    expect(await errorOf(page)).toMatch(/registered already/);
  } finally {
    people.world.clock.offset = 0;
  }
  await page.context().close();
});

it('axe finds nothing on any page', { timeout: 120_000 }, async () => {
  await lookAtAll(people, 'light', { colorScheme: 'light' });
});

it('no page broke its own policy, and no script failed', () => {
  expect(people.complaints).toEqual([]);
});
