/** Every page in the dark and on a phone: axe finds nothing, and with KENNEL_SCREENSHOTS=<folder> people can look. */
import { afterAll, beforeAll, expect } from 'vitest';
import { lookAtAdministration } from '../support/administration.ts';
import { missing, withPeers } from '../support/peers.ts';
import { lookAtAll, WebPeople } from '../support/web-people.ts';

const it = withPeers('chromium');
let people: WebPeople;
beforeAll(async () => {
  if (missing(['chromium']).length === 0) people = await WebPeople.start();
});
afterAll(() => people?.close());

it.for([
  ['dark', { colorScheme: 'dark' }],
  ['phone', { viewport: { width: 360, height: 720 }, hasTouch: true, isMobile: true }],
  ['phone-dark', { colorScheme: 'dark', viewport: { width: 360, height: 720 }, isMobile: true }],
] as const)('axe finds nothing on any page: %s', async ([name, options]) => {
  await lookAtAll(people, name, options);
  await lookAtAdministration(people, name, options);
  expect(people.complaints).toEqual([]);
});
