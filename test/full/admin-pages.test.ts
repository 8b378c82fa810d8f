/**
 * The administrators' pages in a real browser: what they show and change, whom they refuse, and axe over each. How they
 * look in the dark and on a phone: test/full/browser-looks.test.ts.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { administrator, deviceOwner, lookAtAdministration } from '../support/administration.ts';
import { missing, withPeers } from '../support/peers.ts';
import { button, errorOf, heading, WebPeople } from '../support/web-people.ts';

const it = withPeers('chromium');
let people: WebPeople;
beforeAll(async () => {
  if (missing(['chromium']).length === 0) people = await WebPeople.start();
});
afterAll(() => people?.close());

it('an administrator makes a pass, shown once, and removes a key after showing their own again', async () => {
  const { person, page } = await administrator(people);
  const bob = await people.newcomer();
  await bob.person.plugIn('deviceBound');
  await button(bob.page, 'Add a key').click();
  await button(bob.page, 'Continue').click();
  await bob.page.getByText('is registered').waitFor();

  await page.goto('/admin/users');
  await heading(page, 'Users and keys');
  await page.getByLabel('Find a user').fill(bob.name);
  await page.getByRole('link', { name: bob.name }).click();
  await heading(page, bob.user.displayName);
  await button(page, 'Create a pass').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  const pass = await page.getByRole('alert').locator('code').textContent();
  expect(pass).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
  await page.reload();
  await page.getByText('There is a pass, good until').waitFor();
  expect(await page.content()).not.toContain(pass ?? '-');

  people.world.clock.offset += 6 * 60; // the administrator's proof is not fresh any more
  await button(page, 'Remove Key 1').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await button(page, 'Use my security key').click();
  await page.getByText('Key 1 is removed.').waitFor();
  expect(await people.world.admin.keys.list(bob.user.id)).toEqual([]);
  await bob.page.reload();
  await bob.page.getByRole('button', { name: 'Sign in with a security key' }).waitFor(); // the session went with the key
  await person.page.context().close();
  await bob.page.context().close();
});

it('an administrator makes another one, who sees the pages, and takes the role away again', async () => {
  const { page } = await administrator(people);
  const bob = await people.newcomer();
  await bob.person.plugIn('deviceBound');
  await button(bob.page, 'Add a key').click();
  await button(bob.page, 'Continue').click();
  await bob.page.getByText('is registered').waitFor();
  const pages = bob.page.getByRole('link', { name: 'Users and keys' });
  expect(await pages.count()).toBe(0);

  await page.goto(`/admin/users/${bob.user.id}`);
  const change = async (title: string, action: string, done: string) => {
    await button(page, title).click();
    await page.getByRole('dialog').getByRole('button', { name: action }).click();
    await page.getByText(`${bob.user.displayName} is ${done}.`).waitFor();
  };
  await change('Make an administrator', 'Make an administrator', 'an administrator');
  await bob.page.reload();
  await pages.click();
  await heading(bob.page, 'Users and keys');
  await change('Take the role away', 'Take it away', 'no administrator any more');
  await bob.page.reload();
  await heading(bob.page, 'Nothing here');
  expect((await people.world.admin.users.show(bob.user.id)).role).toBe('user');
  await page.context().close();
  await bob.page.context().close();
});

it('policies are changed by name, and what cannot be is said', async () => {
  const { page } = await administrator(people);
  await page.goto('/admin/policy');
  const everyone = page.getByRole('region', { name: 'Everyone', exact: true });
  await everyone.getByLabel('People may register keys themselves').uncheck();
  await everyone.getByLabel('Models', { exact: true }).click();
  await page.getByRole('option', { name: 'All models but those below' }).click();
  await everyone.getByLabel('Models of the list').fill('no-guid');
  await page.keyboard.press('Enter');
  await everyone.getByRole('button', { name: 'Save' }).click();
  expect(await errorOf(page)).toContain('aaGuids');
  await everyone.getByLabel('Models of the list').press('Backspace');
  await everyone.getByLabel('Models of the list').fill('2fc0579f-8113-47ea-b116-bb5a8db9202a');
  await page.keyboard.press('Enter');
  await everyone.getByRole('button', { name: 'Save' }).click();
  // a list wants models that are proven, and the administrator's own is not
  expect(await errorOf(page)).toContain('none of your own keys would be accepted');
  expect((await people.world.admin.keyPolicies.show('default')).selfService).toBe(true);
  await everyone.getByLabel('Models', { exact: true }).click();
  await page.getByRole('option', { name: 'Any model' }).click();
  await everyone.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The policy for Everyone is saved.').waitFor();
  expect(await people.world.admin.keyPolicies.show('default')).toMatchObject({
    selfService: false,
    keyRestrictions: { isEnforced: false },
  });
  await people.world.admin.keyPolicies.remove('default');
  await page.goto('/admin/passes');
  await page.getByLabel('Characters of a pass').fill('12');
  await button(page, 'Save the policy for passes').click();
  await page.getByText('The policy for passes is saved.').waitFor();
  expect(await people.world.admin.passes.policy()).toMatchObject({ defaultLength: 12 });
  await page.context().close();
});

it('a group gets a policy of its own, in its place among the others, and loses it', async () => {
  const { groups, keyPolicies } = people.world.admin;
  const { page } = await administrator(people);
  for (const displayName of ['Admins', 'Visitors']) await groups.create({ displayName });
  await page.goto('/admin/policy');
  for (const name of ['Admins', 'Visitors']) {
    await page.getByRole('combobox', { name: 'A policy for a group' }).fill(name);
    await page.getByRole('option', { name }).click();
    await button(page, 'Add the policy').click();
    await page.getByText(`${name} has a policy of its own.`).waitFor();
  }
  const order = async () => (await keyPolicies.list()).map(({ group }) => group?.displayName ?? 'default');
  expect(await order()).toEqual(['Admins', 'Visitors', 'default']);
  await page.getByRole('region', { name: 'Everyone else' }).waitFor();
  expect(await button(page, 'Try Admins earlier').count()).toBe(0);
  const admins = page.getByRole('region', { name: 'Admins' });
  await admins.getByLabel('Only keys whose model is proven').check();
  await admins.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The policy for Admins is saved.').waitFor();

  people.world.clock.offset += 6 * 60; // the administrator's proof is not fresh any more
  await button(page, 'Try Visitors earlier').click();
  await button(page, 'Use my security key').click();
  await page.getByText('The policy for Visitors is number 1 now.').waitFor();
  expect(await order()).toEqual(['Visitors', 'Admins', 'default']);
  expect(await keyPolicies.show('Admins')).toMatchObject({ attestationEnforced: true });
  await button(page, 'Remove the policy for Visitors').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('The policy for Visitors is removed.').waitFor();
  expect(await order()).toEqual(['Admins', 'default']);
  expect(await people.count('policy.reordered')).toBe(1);
  await keyPolicies.remove('Admins');
  for (const name of ['Admins', 'Visitors']) await groups.delete(name);
  await page.context().close();
});

it('devices are found by owner, disabled, enabled and deleted, by keyboard too, after a fresh proof', async () => {
  const { page } = await administrator(people);
  const { names, ids, user } = await deviceOwner(people, 'dora');
  const { devices } = people.world.admin;
  await page.goto('/admin/devices');
  await heading(page, 'Devices');
  await page.getByText('Everyone may join devices, 50 at most each').waitFor();
  await page.getByLabel('Find a device').fill(user.userPrincipalName);
  await page.getByText('2 devices').waitFor();
  expect(await page.locator('tbody tr', { hasText: names[1] }).textContent()).toMatch(
    /Registered.*Never.*Disabled/,
  );
  await page.getByLabel('Find a device').fill(names[0]);
  await page.getByRole('link', { name: names[0] }).press('Enter');
  await heading(page, names[0]);
  await page.getByText(ids[0] ?? '-').waitFor();

  people.world.clock.offset += 6 * 60; // the administrator's proof is not fresh any more
  await button(page, 'Disable the device').press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).press('Enter');
  await button(page, 'Use my security key').click();
  await page.getByText(`${names[0]} is disabled.`).waitFor();
  expect((await devices.show(ids[0] ?? '')).enabled).toBe(false);
  await button(page, 'Enable the device').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Enable' }).click();
  await page.getByText(`${names[0]} is enabled.`).waitFor();
  expect((await devices.show(ids[0] ?? '')).enabled).toBe(true);
  await button(page, 'Delete the device').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await heading(page, 'Devices');
  await page.getByLabel('Find a device').fill(user.userPrincipalName);
  await page.getByText('1 device', { exact: true }).waitFor();
  await page.getByRole('combobox', { name: 'Which devices' }).click();
  await page.getByRole('option', { name: 'Not seen for 90 days' }).click();
  await page.getByText('No device is like').waitFor(); // it joined today
  expect((await devices.list()).map(({ id }) => id)).not.toContain(ids[0]);
  await page.context().close();
});

it('the end of the device CA is told above the devices, in time', async () => {
  const { clock, admin } = people.world;
  const { deviceCa } = await admin.status();
  const now = clock.offset;
  try {
    clock.offset = (Date.parse(deviceCa.notAfter) - Date.now()) / 1000 - 80 * 86_400;
    const { page } = await administrator(people);
    await page.goto('/admin/devices');
    await page.getByRole('alert').getByText('The device CA ends on').waitFor();
    await page.context().close();
  } finally {
    clock.offset = now;
  }
});

it('an error that a person saw is found by its trace id', async () => {
  const { page, name } = await administrator(people);
  await page.goto('/admin/events');
  await heading(page, 'Key events');
  await page.getByText('registration completed').first().waitFor();
  await page.getByLabel('User', { exact: true }).fill(name);
  await button(page, 'Show').click();
  await expect.poll(() => page.url()).toContain('user=');
  const trace = await page.locator('tbody tr').first().locator('td').last().textContent();
  await page.getByLabel('User', { exact: true }).fill('');
  await page.getByLabel('Trace id').fill(trace ?? '');
  await button(page, 'Show').click();
  await expect.poll(() => page.locator('tbody tr').count()).toBeLessThanOrEqual(2);
  await page.context().close();
});

it('who is no administrator sees no such page, and gets no such data', async () => {
  const { page } = await people.newcomer();
  await page.goto('/admin/users');
  await heading(page, 'Nothing here');
  const status = await page.evaluate(async () => (await fetch('/admin/v1/users')).status);
  expect(status).toBe(403);
  await page.context().close();
});

it('axe finds nothing on the administrators’ pages, and the pages complain of nothing', async () => {
  await lookAtAdministration(people, 'light', { colorScheme: 'light' });
  expect(people.complaints).toEqual([]);
});
