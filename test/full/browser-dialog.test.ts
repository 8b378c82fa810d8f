/**
 * The browser's own dialog for security keys, on a display without a screen and with no virtual key behind it: somebody
 * closes it, or lets the time run out. What the page then says, and what the tenant's log has of it.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { startWorld, type World } from '../../packages/tenant/test/world.ts';
import { startChromium } from '../support/chromium.ts';
import { type Display, startDisplay } from '../support/display.ts';
import { missing, withPeers } from '../support/peers.ts';
import { addKey, button, errorOf, heading, signIn, signInByPass } from '../support/web-people.ts';

const it = withPeers('chromium', 'display');
/** As long as a person looks at a dialog; long enough that what comes later comes of the key that was pressed. */
const LOOKING_MS = 3_000;

let world: World;
let display: Display;
let browser: Browser;
beforeAll(async () => {
  if (missing(['chromium', 'display']).length > 0) return;
  world = await startWorld();
  display = await startDisplay();
  browser = await startChromium(world.url, display.name);
});
afterAll(async () => {
  await browser?.close();
  await display?.close();
  await world?.close();
});

async function open(): Promise<Page> {
  const context = await browser.newContext({ baseURL: world.url });
  context.setDefaultTimeout(15_000);
  return context.newPage();
}

/** Waits while the dialog is up, sees that the page waits as well, and closes it. */
async function closeDialog(page: Page): Promise<void> {
  await page.waitForTimeout(LOOKING_MS);
  expect(await page.getByRole('alert').filter({ hasText: 'Trace id' }).isVisible()).toBe(false);
  display.press('Escape');
}

async function logged(shown: string) {
  const [, trace] = /Trace id: ([0-9a-f-]{36})/.exec(shown) ?? [];
  return (await world.admin.ceremonies.list({ trace }))[0];
}

it('who closes the dialog at a sign-in is told so, and how to go on', async () => {
  const page = await open();
  await page.goto('/sign-in');
  for (const _ of ['the first time', 'and again']) {
    await signIn(page);
    await page.getByText('Follow the dialog of your browser').waitFor();
    await closeDialog(page);
    const shown = await errorOf(page);
    expect(shown).toMatch(/You are not signed in yet.*dialog was closed.*Try again/s);
    const step = await logged(shown);
    expect(step).toMatchObject({ event: 1005, clientError: 'NotAllowedError', reason: 'cancelled' });
    expect(step?.elapsedMs).toBeGreaterThanOrEqual(LOOKING_MS - 500);
    expect(await button(page, 'Sign in with a security key').isEnabled()).toBe(true);
    await page.reload();
  }
  await page.context().close();
});

it('who closes the dialog at a registration is told so, and no key is there', async () => {
  const name = 'carol@corp.example.com';
  const user = await world.admin.users.create({ userPrincipalName: name });
  const { temporaryAccessPass } = await world.admin.passes.create(user.id, { isUsableOnce: false });
  const page = await open();
  await page.goto('/');
  await signInByPass(page, name, temporaryAccessPass ?? '');
  await heading(page, 'Security info');
  await addKey(page, 'Blue key');
  await page.getByText('Follow the dialog of your browser').waitFor();
  await closeDialog(page);
  const shown = await errorOf(page);
  expect(shown).toMatch(/The key was not registered.*dialog was closed.*Try again/s);
  expect(await logged(shown)).toMatchObject({
    event: 1002,
    clientError: 'NotAllowedError',
    reason: 'cancelled',
  });
  expect(await world.admin.keys.list(user.id)).toEqual([]);
  await page.context().close();
});

it('who lets the time run out is told so', { timeout: 60_000 }, async () => {
  const page = await open();
  // as the page is, with less patience: Chromium waits for ten seconds at the least
  await page.addInitScript(() => {
    let config: unknown;
    Object.defineProperty(globalThis, '$Config', {
      get: () => config,
      set: (value) => {
        value.kennel.timeout = 10_000;
        config = value;
      },
    });
  });
  await page.goto('/sign-in');
  await signIn(page);
  await page.getByText('Follow the dialog of your browser').waitFor();
  await page.waitForTimeout(13_000);
  display.press('Escape'); // the browser says it first, in a dialog of its own, and tells the page once that is closed
  const shown = await errorOf(page);
  expect(shown).toMatch(/That took too long/);
  expect(await logged(shown)).toMatchObject({ event: 1005, reason: 'timed-out' });
  await page.context().close();
});
