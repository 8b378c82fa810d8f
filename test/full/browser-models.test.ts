/**
 * Models of keys in a real browser: Chromium's virtual keys attest themselves with a certificate of its own, and the
 * metadata names the authority behind it, blocks the model, and revokes it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import {
  authorityOf,
  blob,
  entry,
  type Issued,
  issue,
  pem,
  root,
} from '../../packages/tenant/test/metadata.ts';
import { startWorld, type World } from '../../packages/tenant/test/world.ts';
import { Person, startChromium } from '../support/chromium.ts';
import { missing, withPeers } from '../support/peers.ts';
import {
  added,
  addKey,
  button,
  errorOf,
  heading,
  signIn,
  signInByPass,
  signOut,
} from '../support/web-people.ts';

const it = withPeers('chromium');
const MODEL = '01020304-0506-0708-0102-030405060708';
const NAME = 'alice@example.com';
let world: World;
let chromium: Browser;
let signer: Issued;
let number = 0;

/** The next BLOB of the metadata: who vouches for the model, and what is said of it. */
async function publish(roots: Issued[], status?: string): Promise<void> {
  const statuses = status === undefined ? {} : { statuses: [{ status }] };
  const entries = [entry({ aaguid: MODEL, name: 'Virtual Key 5', roots, ...statuses })];
  number += 1;
  writeFileSync(join(world.stateDir, 'blob.jwt'), await blob([signer], { no: number, entries }));
  await world.admin.metadata.refresh();
}

beforeAll(async () => {
  if (missing(['chromium']).length > 0) return;
  const authority = await root();
  signer = await issue({ subject: 'CN=Signer', issuer: authority });
  world = await startWorld({ metadata: { file: 'blob.jwt', root: 'root.pem' } }, (stateDir) =>
    writeFileSync(join(stateDir, 'root.pem'), pem(authority)),
  );
  chromium = await startChromium(world.url);
});
afterAll(async () => {
  await chromium?.close();
  await world?.close();
});

async function byPass(page: Page): Promise<void> {
  const { temporaryAccessPass } = await world.admin.passes.create(NAME);
  await page.goto('/');
  await signInByPass(page, NAME, temporaryAccessPass ?? '');
  await heading(page, 'Security info');
}

/** The certificate with which the key vouched at the next registration. */
async function certificateOf(page: Page, register: () => Promise<void>): Promise<Buffer> {
  const sent = page.waitForRequest((request) => request.postData()?.includes('attestationObject') ?? false);
  await register();
  const { credential } = (await sent).postDataJSON() as {
    credential: { response: { attestationObject: string } };
  };
  const object = Buffer.from(credential.response.attestationObject, 'base64url');
  // CBOR: the member x5c, an array of one byte string with two bytes of length
  const at = object.indexOf(Buffer.from('63783563' + '8159', 'hex')) + 6;
  return object.subarray(at + 2, at + 2 + object.readUInt16BE(at));
}

it('a model counts once its maker vouches for it, until it is blocked or revoked', async () => {
  const { users, keyPolicies, keys, reports } = world.admin;
  await users.create({ userPrincipalName: NAME });
  await keyPolicies.change('default', { attestationEnforced: true });
  await publish([]);
  const context = await chromium.newContext({ baseURL: world.url });
  context.setDefaultTimeout(15_000);
  const person = await Person.open(context);
  const { page } = person;
  const key = await person.plugIn('deviceBound');
  await byPass(page);

  const certificate = await certificateOf(page, () => addKey(page, 'Blue'));
  expect(await errorOf(page)).toMatch(/this one's model is not proven/);
  // an authority of that name with another key vouches for nothing
  const stranger = await issue();
  await publish([await authorityOf(certificate, stranger.certificate.publicKey)]);
  await button(page, 'Continue').click();
  expect(await errorOf(page)).toMatch(/this one's model is not proven/);
  const maker = await authorityOf(certificate);
  await publish([maker]);
  await button(page, 'Continue').click();
  await added(page, 'Blue');
  await page.getByText('Model proven').waitFor();
  expect((await keys.list(NAME))[0]).toMatchObject({ attestationLevel: 'attested', refused: null });

  const [keyRestrictions, other] = [
    { isEnforced: true, enforcementType: 'block' as const, aaGuids: [MODEL] },
    '2fc0579f-8113-47ea-b116-bb5a8db9202a',
  ];
  await keyPolicies.change('default', { keyRestrictions });
  // a key that is refused takes its session with it
  await button(page, 'Rename Blue').click();
  await button(page, 'Rename').click();
  await page.getByText('Your session is over.').waitFor();
  await signIn(page);
  expect(await errorOf(page)).toMatch(/does not accept security keys of this model/);
  await keyPolicies.change('default', {
    keyRestrictions: { ...keyRestrictions, enforcementType: 'allow', aaGuids: [other] },
  });
  await signIn(page);
  expect(await errorOf(page)).toMatch(/does not accept security keys of this model/);
  await keyPolicies.change('default', {
    keyRestrictions: { ...keyRestrictions, enforcementType: 'allow', aaGuids: [MODEL] },
    minimumCertificationLevel: 'L2',
  });
  await signIn(page);
  expect(await errorOf(page)).toMatch(/certified at level L2 or higher/);
  await keyPolicies.change('default', { minimumCertificationLevel: 'L1' });
  await signIn(page);
  await heading(page, 'Security info');

  await publish([maker], 'USER_KEY_REMOTE_COMPROMISE');
  await signOut(page);
  await signIn(page);
  expect(await errorOf(page)).toMatch(/known to be unsafe.*Use a key of another model/);
  expect(await reports.refusedKeys()).toMatchObject([
    { userPrincipalName: NAME, reason: 'key-model-revoked' },
  ]);
  await byPass(page);
  await page.getByText('This key is not accepted any more').waitFor();
  await key.unplug();
  await person.plugIn('deviceBound');
  await addKey(page, 'Red');
  expect(await errorOf(page)).toMatch(/known to be unsafe/);
  await context.close();
});
