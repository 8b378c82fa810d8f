/** An administrator in front of the administrators' pages, and a look at each of them. */
import type { BrowserContextOptions } from 'playwright-core';
import { enrol, joinDevice } from '../../packages/tenant/test/world.ts';
import {
  added,
  addKey,
  axeSource,
  button,
  heading,
  look,
  signIn,
  signOut,
  type WebPeople,
} from './web-people.ts';

/** Somebody with a key and the role, signed in with the key. */
export async function administrator(people: WebPeople, options: BrowserContextOptions = {}) {
  const newcomer = await people.newcomer(options);
  const { person, page, user } = newcomer;
  await person.plugIn('deviceBound');
  await addKey(page, 'Mine');
  await added(page, 'Mine');
  await people.world.admin.users.setRole(user.id, 'administrator');
  await signOut(page);
  await signIn(page);
  await heading(page, 'Security info');
  return newcomer;
}

/** Somebody of that name has joined two devices; one of them is disabled. */
export async function deviceOwner({ world }: WebPeople, name: string) {
  const { user, key } = await enrol(world, { userPrincipalName: `${name}@corp.example.com` });
  const names = [`${name}-laptop`, `${name}-WORKSTATION-OF-THE-LONG-CORRIDOR-3`] as const;
  const [first, second] = [
    await joinDevice(world, key, { DeviceDisplayName: names[0] }),
    await joinDevice(world, key, { DeviceDisplayName: names[1], JoinType: 4 }),
  ];
  await world.admin.devices.disable(second.id);
  return { user, names, ids: [first.id, second.id] };
}

export async function lookAtAdministration(
  people: WebPeople,
  suffix: string,
  options: BrowserContextOptions,
): Promise<void> {
  const { page, user } = await administrator(people, { ...options, reducedMotion: 'reduce' });
  const axe = axeSource();
  const check = (what: string) => look(page, axe, `admin-${what}-${suffix}`);
  // a table, or on a phone a list of cards
  const table = (name: RegExp) =>
    page.getByRole('table', { name }).or(page.getByRole('list', { name })).waitFor();
  await page.goto('/admin/users');
  await table(/^\d+ users?$/);
  await check('users');
  await page.goto(`/admin/users/${user.id}`);
  await page.getByText('The user has').or(page.getByText('There is a pass')).waitFor();
  await check('user');
  await button(page, 'Create a pass').click();
  await check('create-pass');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await page.getByText('The pass: it is shown this once').waitFor();
  await check('pass');
  await button(page, 'Remove Mine').click();
  await check('remove-key');
  await button(page, 'Cancel').click();
  const { groups, keyPolicies } = people.world.admin;
  for (const displayName of ['Administrators of the file servers', 'Visitors']) {
    await groups.create({ displayName });
    await keyPolicies.change(displayName, {});
  }
  await groups.create({ displayName: 'Everybody at the counter' });
  await page.goto('/admin/policy');
  await page.getByRole('region', { name: 'Everyone else' }).waitFor();
  await check('policy');
  await button(page, 'Remove the policy for Visitors').click();
  await check('policy-remove');
  await button(page, 'Cancel').click();
  for (const { displayName } of await groups.list()) {
    await keyPolicies.remove(displayName).catch(() => undefined); // one has none
    await groups.delete(displayName);
  }
  const owner = await deviceOwner(people, `owner-${suffix}`);
  await page.goto('/admin/devices');
  await table(/^\d+ devices?$/);
  await check('devices');
  await page.goto(`/admin/devices/${owner.ids[1]}`);
  await button(page, 'Delete the device').waitFor();
  await check('device');
  await button(page, 'Delete the device').click();
  await check('device-delete');
  await button(page, 'Cancel').click();
  await page.goto('/admin/passes');
  await page.getByLabel('Characters of a pass').waitFor();
  await check('passes');
  await page.goto('/admin/events');
  await table(/^\d+ steps/);
  await check('events');
  await page.context().close();
}
