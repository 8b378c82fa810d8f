/**
 * What people meet who hear the pages: where they are, what each control is called, what is read out by itself, and where
 * the focus is after everything that they do. By Chromium's accessibility tree; axe's rules say nothing of most of it.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { administrator, deviceOwner } from '../support/administration.ts';
import { missing, withPeers } from '../support/peers.ts';
import { type Heard, ScreenReader } from '../support/screen-reader.ts';
import {
  added,
  addKey,
  button,
  errorOf,
  heading,
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

const PHONE = { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true };
const CONTROLS = new Set([
  'button',
  'link',
  'textbox',
  'searchbox',
  'combobox',
  'checkbox',
  'switch',
  'radio',
  'spinbutton',
  'DisclosureTriangle',
]);
/** They say nothing to who goes from control to control. */
const BARE = /^(rename|remove|delete|edit|earlier|later|save|copy|here|more|see which|add|ok)$/i;

const named = (all: readonly Heard[], role: string) => all.filter((one) => one.role === role);

/** One h1, no level left out, the landmarks, the title, and names that stand alone. */
async function expectPage(reader: ScreenReader, name: string, isApplication = true): Promise<Heard[]> {
  const all = await reader.everything();
  const levels = named(all, 'heading').map(({ level = 0 }) => level);
  expect(
    named(all, 'heading')
      .filter(({ level }) => level === 1)
      .map((one) => one.name),
    name,
  ).toEqual([name]);
  levels.reduce((before, level) => {
    expect(level, `${name}: ${levels}`).toBeLessThanOrEqual(before + 1);
    return level;
  }, 0);
  expect(await reader.page.title()).toBe(`${name} - Example Ltd`);
  expect(named(all, 'main'), name).toHaveLength(1);
  if (isApplication) {
    expect(named(all, 'banner'), name).toHaveLength(1);
  }
  expectNames(all, name);
  for (const table of named(all, 'table')) {
    expect(table.name, name).not.toBe('');
    expect(named(all, 'columnheader').length, name).toBeGreaterThan(0);
    expect(named(all, 'rowheader').length, name).toBeGreaterThan(0);
  }
  return all;
}

function expectNames(all: readonly Heard[], where: string): void {
  const controls = all.filter(({ role }) => CONTROLS.has(role));
  expect(
    controls.filter(({ name }) => name === '' || BARE.test(name)).map(({ role, name }) => `${role} ${name}`),
    where,
  ).toEqual([]);
  // what is called the same is told apart by the region that it is in
  const calls = controls.map(({ role, name, within }) => `${role} ${name} (${within.join(', ')})`);
  expect(
    calls.filter((call, at) => calls.indexOf(call) !== at),
    where,
  ).toEqual([]);
}

/** Opens a dialog with the button, sees that the focus goes in and stays in, closes it and sees that it comes back. */
async function expectDialog(reader: ScreenReader, opener: string, title: string): Promise<void> {
  const { page } = reader;
  await button(page, opener).press('Enter');
  const dialog = page.getByRole('dialog', { name: title });
  await dialog.waitFor();
  const isIn = () => dialog.evaluate((box: Box) => box.contains(box.ownerDocument.activeElement));
  await expect.poll(isIn, { message: title }).toBe(true);
  for (const key of ['Tab', 'Tab', 'Tab', 'Tab', 'Tab', 'Shift+Tab']) {
    await page.keyboard.press(key);
    expect(await isIn(), `${title}: ${key}`).toBe(true);
  }
  const all = await reader.everything();
  const box = named(all, 'dialog').find(({ name }) => name === title);
  expect(box?.description, title).not.toBe(''); // what it asks is read with its name
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => reader.focus()).toBe(`button "${opener}"`);
}

interface Box {
  contains(other: unknown): boolean;
  ownerDocument: { activeElement: unknown };
}

const go = async (page: Page, name: string) => {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).press('Enter');
  await heading(page, name);
};

it('signing in: what is there, what goes wrong and what is going on is heard', async () => {
  const { person, page, name } = await people.newcomer();
  const key = await person.plugIn('deviceBound');
  await addKey(page, 'Key');
  await added(page, 'Key');
  const reader = await ScreenReader.start(page);
  await signOut(page);
  const all = await expectPage(reader, 'Sign in', false);
  expect(all.find((one) => one.name === 'Sign in with a security key')?.description).toContain(
    'Have your security key at hand',
  );
  expect(await reader.focus()).toContain('You are signed out.'); // or nobody would hear of it
  await key.touch(false);
  await signIn(page);
  await page.getByText('touch your key when it blinks').waitFor();
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('touch your key'));
  expect(await reader.focus()).toBe('button "Sign in with a security key"');
  await page.goto('/sign-in');
  await signInByPass(page, name, 'WRONGPASS');
  await errorOf(page);
  expect(await reader.focus()).toContain('alert');
  expect(await page.title()).toBe('Error: Sign in - Example Ltd');
  await page.goto('/sign-in');
  await key.unplug();
  await person.plugIn('deviceBound'); // another, that nobody registered
  await signIn(page);
  await errorOf(page);
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('No key of yours'));
  expect(await reader.focus()).toContain('alert');
  await page.context().close();
});

it('the first administrator hears what is wrong, and with which field', async () => {
  const { page } = await people.open();
  const reader = await ScreenReader.start(page);
  await page.goto('/first-administrator#x');
  await expectPage(reader, 'The first administrator', false);
  await page.getByLabel('Your user name').fill('ada');
  await button(page, 'Register a security key').click();
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('looks like'));
  const field = (await reader.everything()).find(
    ({ role, name }) => role === 'textbox' && name === 'Your user name',
  );
  expect(field?.description).toContain('looks like');
  await page.context().close();
});

it('one’s own keys: each page, each dialog, and where one is afterwards', async () => {
  const { person, page } = await people.newcomer();
  const reader = await ScreenReader.start(page);
  await page.reload();
  await heading(page, 'Security info');
  await page.getByText('No key yet').waitFor();
  await expectPage(reader, 'Security info');
  let key = await person.plugIn('deviceBound');
  await expectDialog(reader, 'Add a key', 'Add a security key');
  await key.touch(false);
  await reader.announced();
  await addKey(page, 'Blue key');
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('touch the key'));
  expect(await reader.focus()).toBe('button "Continue"');
  await key.unplug();
  key = await person.plugIn('deviceBound'); // it is touched at once
  await added(page, 'Blue key');
  await expect.poll(() => reader.announced()).toContain('Blue key is registered. You can sign in with it.');
  await expect.poll(() => reader.focus()).toBe('button "Add a key"');
  await addKey(page, 'Again');
  await errorOf(page);
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('registered already'));
  expect(await reader.focus()).toContain('alert');
  await page.keyboard.press('Escape');
  await key.unplug();
  await person.plugIn('deviceBound');
  await addKey(page, 'Red key');
  await added(page, 'Red key');
  const all = await expectPage(reader, 'Security info');
  expect(all.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['Rename Blue key', 'Remove Blue key', 'Rename Red key', 'Remove Red key']),
  );
  expect(named(all, 'list').map(({ name }) => name)).toContain('Your security keys');
  expect(named(all, 'navigation').map(({ name }) => name)).toEqual(['Pages']);
  for (const opener of ['Rename Blue key', 'Remove Blue key', 'Sign out everywhere']) {
    await expectDialog(reader, opener, opener);
  }
  await button(page, 'Rename Red key').press('Enter');
  await page.getByLabel('New name').fill('Safe');
  await page.keyboard.press('Enter');
  await page.getByText('now called Safe').waitFor();
  await expect.poll(() => reader.announced()).toContain('The key is now called Safe.');
  await expect.poll(() => reader.focus()).toBe('button "Rename Safe"');
  // the button that opened the dialog goes with the key
  await button(page, 'Remove Blue key').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
  await page.getByText('Blue key is removed').waitFor();
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('Blue key is removed'));
  await page.getByRole('listitem').filter({ hasText: 'Blue key' }).waitFor({ state: 'detached' });
  await expect.poll(() => reader.focus()).toMatch(/^status "Blue key is removed/);
  // why something cannot be done
  await button(page, 'Remove Safe').press('Enter');
  const dialog = (await reader.everything()).find(({ role }) => role === 'dialog');
  expect(dialog?.description).toContain('Another key must confirm');
  await page.keyboard.press('Escape');
  // from page to page
  await go(page, 'Accepted keys');
  await expect.poll(() => reader.focus()).toBe('heading "Accepted keys"');
  await page.getByRole('table').waitFor();
  await expectPage(reader, 'Accepted keys');
  await page.goBack();
  await heading(page, 'Security info');
  await expect.poll(() => reader.focus()).toBe('heading "Security info"');
  await page.goto('/admin/users');
  await heading(page, 'Nothing here');
  await expectPage(reader, 'Nothing here');
  await page.keyboard.press('Tab');
  expect(await reader.focus()).toBe('link "Skip to the content"');
  await page.keyboard.press('Enter');
  await expect.poll(() => reader.focus()).toContain('main');
  await page.context().close();
});

it('administration: each page and dialog, and where one is afterwards', async () => {
  const { page, user } = await administrator(people);
  const { names, ids } = await deviceOwner(people, 'eve');
  const { groups, keyPolicies } = people.world.admin;
  for (const displayName of ['Admins', 'Visitors']) {
    await groups.create({ displayName });
    await keyPolicies.change(displayName, {});
  }
  await groups.create({ displayName: 'Guests' });
  const reader = await ScreenReader.start(page);
  await page.reload();
  await go(page, 'Users and keys');
  await page.getByRole('table').waitFor();
  await expectPage(reader, 'Users and keys');
  await page.getByLabel('Find a user').fill('nobody of that name');
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('No user is called'));
  await page.getByLabel('Find a user').fill(user.userPrincipalName);
  await expect.poll(() => reader.announced()).toContain('1 user');
  await page.getByRole('link', { name: user.userPrincipalName }).press('Enter');
  await heading(page, user.displayName);
  await expect.poll(() => reader.focus()).toBe(`heading "${user.displayName}"`);
  await button(page, 'Create a pass').waitFor();
  await expectPage(reader, user.displayName);
  for (const opener of ['Sign out everywhere', 'Disable the user', 'Remove Mine', 'Create a pass']) {
    await expectDialog(reader, opener, opener);
  }
  await button(page, 'Create a pass').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).press('Enter');
  await expect
    .poll(() => reader.announced())
    .toContainEqual(expect.stringContaining('it is shown this once'));
  await expect.poll(() => reader.focus()).toContain('alert');
  await button(page, 'Hide the pass').press('Enter');
  await expect.poll(() => reader.focus()).toBe('button "Create a pass"');
  await button(page, 'Delete the pass').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
  await expect.poll(() => reader.announced()).toContain('The pass is deleted.');
  await expect.poll(() => reader.focus()).toBe('status "The pass is deleted."');
  await people.world.admin.passes.changePolicy({ state: 'disabled' });
  await page.reload();
  await page.getByText('The user has no pass').waitFor();
  const off = (await reader.everything()).find(({ name }) => name === 'Create a pass');
  expect(off).toMatchObject({ disabled: true, description: expect.stringContaining('not allowed') });
  await people.world.admin.passes.changePolicy({ state: 'enabled' });

  await go(page, 'Devices');
  await page.getByRole('table').waitFor();
  await expectPage(reader, 'Devices');
  await page.getByRole('link', { name: names[0] }).press('Enter');
  await button(page, 'Disable the device').waitFor();
  await expectPage(reader, names[0]);
  await expectDialog(reader, 'Delete the device', 'Delete the device');
  await button(page, 'Delete the device').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
  await heading(page, 'Devices');
  await page.getByText(`${names[0]} is deleted.`).waitFor();
  await expect.poll(() => reader.focus()).toBe('heading "Devices"');
  expect((await people.world.admin.devices.list()).map(({ id }) => id)).not.toContain(ids[0]);

  await go(page, 'Policy for keys');
  await page.getByRole('region', { name: 'Everyone else' }).waitFor();
  await expectPage(reader, 'Policy for keys');
  await button(page, 'Try Visitors earlier').press('Enter');
  await expect.poll(() => reader.announced()).toContain('The policy for Visitors is number 1 now.');
  await expect.poll(() => reader.focus()).toBe('status "The policy for Visitors is number 1 now."');
  await expectDialog(reader, 'Remove the policy for Visitors', 'Remove the policy for Visitors');
  await button(page, 'Remove the policy for Visitors').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).press('Enter');
  await expect.poll(() => reader.announced()).toContain('The policy for Visitors is removed.');
  await expect.poll(() => reader.focus()).toBe('status "The policy for Visitors is removed."');
  await page.getByRole('region', { name: 'Admins' }).getByRole('button', { name: 'Save' }).press('Enter');
  await expect.poll(() => reader.announced()).toContain('The policy for Admins is saved.');
  await expect.poll(() => reader.focus()).toBe('button "Save the policy for Admins"');

  await go(page, 'Policy for passes');
  await page.getByLabel('Characters of a pass').waitFor();
  await expectPage(reader, 'Policy for passes');
  await go(page, 'Key events');
  await page.getByRole('table').waitFor();
  await expectPage(reader, 'Key events');
  await page.getByLabel('Trace id').fill('00000000-0000-4000-8000-000000000000');
  await button(page, 'Show').press('Enter');
  await expect.poll(() => reader.announced()).toContainEqual(expect.stringContaining('Nothing happened'));
  expect(await reader.focus()).toBe('button "Show"');
  await keyPolicies.remove('Admins');
  for (const displayName of ['Admins', 'Visitors', 'Guests']) await groups.delete(displayName);
  await page.context().close();
});

it('on a phone the menu is out of the way until it is opened, and what was a table is a list', async () => {
  const { page } = await administrator(people, PHONE);
  const reader = await ScreenReader.start(page);
  await page.goto('/admin/users');
  await page.getByRole('list', { name: /^\d+ users?$/ }).waitFor();
  const all = await expectPage(reader, 'Users and keys');
  expect(named(all, 'link').map(({ name }) => name)).not.toContain('Devices');
  const list = named(all, 'list').find(({ name }) => /^\d+ users?$/.test(name));
  expect(list).toBeDefined();
  expect(named(all, 'listitem').length).toBeGreaterThan(0);
  expect(named(all, 'term').map(({ name }) => name)).toContain('State');
  await button(page, 'Menu').press('Enter');
  expect((await reader.everything()).map(({ name }) => name)).toContain('Devices');
  await page.keyboard.press('Tab'); // past the colours and signing out comes the menu
  await go(page, 'Devices');
  await expect.poll(() => reader.focus()).toBe('heading "Devices"');
  await expect
    .poll(async () => named(await reader.everything(), 'link').map(({ name }) => name))
    .not.toContain('Key events');
  await page.context().close();
});
