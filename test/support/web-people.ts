/**
 * People in front of the tenant's pages: one tenant and one Chromium for all of a test file, and for each person a
 * browser context of their own.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { blob, entry, issue, pem, root } from '../../packages/tenant/test/metadata.ts';
import { startWorld, type World } from '../../packages/tenant/test/world.ts';
import { Person, startChromium } from './chromium.ts';

export const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor();
export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Title and text of the error that is shown. */
export async function errorOf(page: Page): Promise<string> {
  const alert = page.getByRole('alert').filter({ hasText: 'Trace id' });
  await alert.waitFor();
  return (await alert.textContent()) ?? '';
}

export async function addKey(page: Page, name: string): Promise<void> {
  await button(page, 'Add a key').click();
  await page.getByLabel('A name for the key').fill(name);
  await button(page, 'Continue').click();
}
export const added = (page: Page, name: string) => page.getByText(`${name} is registered. You can`).waitFor();

export async function signOut(page: Page): Promise<void> {
  await button(page, 'Sign out').click();
  await page.getByText('You are signed out.').waitFor();
}
export const signIn = (page: Page) => button(page, 'Sign in with a security key').click();

/** The AAGUID that Chromium's virtual keys name, and a picture of such a key. */
const VIRTUAL_KEY = '01020304-0506-0708-0102-030405060708';
const PICTURE = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#1a6"/></svg>',
).toString('base64')}`;

/** Where the tenant keeps its data, and what ends that. */
export interface Place {
  options: Parameters<typeof startWorld>[0];
  stop: () => Promise<void>;
}

export class WebPeople {
  /** SQLite, as everywhere; a test that comes before another's may say otherwise. */
  static place: () => Promise<Place> = async () => ({ options: {}, stop: async () => {} });
  readonly world: World;
  readonly #stopPlace: () => Promise<void>;
  readonly #chromium: Browser;
  /** What pages complained about: a policy that is broken, a script that fails. */
  readonly complaints: string[] = [];
  #people = 0;

  private constructor(world: World, chromium: Browser, stopPlace: () => Promise<void>) {
    this.world = world;
    this.#chromium = chromium;
    this.#stopPlace = stopPlace;
  }

  static async start(): Promise<WebPeople> {
    const authority = await root();
    const signer = await issue({ subject: 'CN=Signer', issuer: authority });
    const models = [
      entry({ aaguid: VIRTUAL_KEY, name: 'Virtual Key 5', icon: PICTURE, transports: ['usb', 'nfc'] }),
      entry({ aaguid: randomUUID(), name: 'Other Key', statuses: [{ status: 'FIDO_CERTIFIED_L2' }] }),
    ];
    const signed = await blob([signer], { entries: models });
    const place = await WebPeople.place();
    const metadata = { file: 'blob.jwt', root: 'root.pem' };
    const options = { ...place.options, tenantName: 'Example Ltd', metadata };
    const world = await startWorld(options, (dir) => {
      writeFileSync(join(dir, 'root.pem'), pem(authority));
      writeFileSync(join(dir, 'blob.jwt'), signed);
    });
    return new WebPeople(world, await startChromium(world.url), place.stop);
  }

  async close(): Promise<void> {
    await this.#chromium.close();
    await this.world.close();
    await this.#stopPlace();
  }

  async open(options: BrowserContextOptions = {}): Promise<Person> {
    const context = await this.#chromium.newContext({ baseURL: this.world.url, ...options });
    context.setDefaultTimeout(15_000);
    context.on('console', (message) => {
      // A refusal is an answer of 400 or 401, which the browser notes as well; and other tests make networks beside it.
      const expected = /status of 40\d|net::ERR_NETWORK_CHANGED/.test(message.text());
      if (message.type() === 'error' && !expected) this.complaints.push(message.text());
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
    return Person.open(context);
  }

  /** Somebody new, signed in with a pass, who has no key yet. */
  async newcomer(options: BrowserContextOptions = {}) {
    const name = `user${++this.#people}@corp.example.com`;
    const { users, passes } = this.world.admin;
    const user = await users.create({ userPrincipalName: name, displayName: `User ${this.#people}` });
    const { temporaryAccessPass } = await passes.create(user.id, { isUsableOnce: false });
    const person = await this.open(options);
    const { page } = person;
    await page.goto('/');
    await signInByPass(page, name, temporaryAccessPass ?? '');
    await heading(page, 'Security info');
    return { person, page, user, name };
  }

  /** How often something stands in the audit. */
  async count(event: string): Promise<number> {
    return (await this.world.admin.audit.list({ limit: 1000 })).filter((line) => line.event === event).length;
  }
}

export async function signInByPass(page: Page, name: string, pass: string): Promise<void> {
  await page.getByText('I have no key yet, or have lost it').click();
  await page.locator('#pass-login').fill(name);
  await page.getByLabel('Temporary Access Pass').fill(pass);
  await button(page, 'Sign in with the pass').click();
}

export const axeSource = () =>
  readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** axe-core finds no violation; with KENNEL_SCREENSHOTS=<folder> people can look themselves. */
export async function look(page: Page, axe: string, name: string): Promise<void> {
  const folder = process.env.KENNEL_SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.evaluate(axe); // beside the page's policy, not through it
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations;
  });
  const told = found.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
  expect(told, name).toEqual([]);
  expect(await pushedSideways(page), name).toEqual([]);
}

/** What a person would have to push sideways to read: the page itself, and on a phone anything in it. */
const pushedSideways = (page: Page) =>
  page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as {
      document: { documentElement: Box; querySelectorAll(selector: string): Iterable<Box> };
      innerWidth: number;
    };
    const isTooWide = ({ scrollWidth, clientWidth }: Box) => scrollWidth > clientWidth + 1;
    const inside = innerWidth > 600 ? [] : document.querySelectorAll('[class*="ScrollArea-viewport"], main');
    return [document.documentElement, ...inside]
      .filter(isTooWide)
      .map(({ outerHTML }) => outerHTML.slice(0, 200));
  });

interface Box {
  scrollWidth: number;
  clientWidth: number;
  outerHTML: string;
}

/** Goes to every page and dialog, and looks at each. */
export async function lookAtAll(
  people: WebPeople,
  suffix: string,
  options: BrowserContextOptions,
): Promise<void> {
  const axe = axeSource();
  const { person, page } = await people.newcomer({ ...options, reducedMotion: 'reduce' });
  const check = (what: string) => look(page, axe, `${what}-${suffix}`);
  await check('info-none');
  await person.plugIn('deviceBound');
  await button(page, 'Add a key').click();
  await check('add');
  await button(page, 'Continue').click();
  await added(page, 'Key 1');
  await check('info-one');
  await addKey(page, 'Again');
  await errorOf(page);
  await check('add-error');
  await button(page, 'Cancel').click();
  await button(page, 'Rename Key 1').click();
  await check('rename');
  await button(page, 'Cancel').click();
  await button(page, 'Remove Key 1').click();
  await check('remove');
  await button(page, 'Cancel').click();
  await button(page, 'Sign out everywhere').click();
  await check('sign-out-everywhere');
  await button(page, 'Cancel').click();
  await page.goto('/accepted-keys');
  await heading(page, 'Accepted keys');
  await check('accepted');
  await page.goto('/admin/nothing');
  await heading(page, 'Nothing here');
  await check('nothing');
  await signOut(page);
  await check('sign-in');
  await signInByPass(page, 'nobody@corp.example.com', 'WRONGPASS');
  await errorOf(page);
  await check('pass-error');
  await page.goto('/common/oauth2/authorize?client_id=x&redirect_uri=x');
  await check('dead-end');
  await page.goto('/first-administrator#x');
  await check('first-administrator');
  await page.context().close();
}
