/** Policies for security keys in a running tenant: at registration, at every sign-in, and as shown. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Attester, attestationCertificate, packed, packedSelf } from '../../test/attestation.ts';
import { TestKey } from '../../test/authenticator.ts';
import { blob, type EntryWishes, entry, type Issued, issue, pem, root } from '../../test/metadata.ts';
import { joinDevice, registrationToken, signIn, startWorld, type World } from '../../test/world.ts';
import { openStore } from '../store/open.ts';
import type { User } from '../users/schema.ts';
import { checkSelfService } from './keys.ts';
import { DEFAULT_RULES } from './schema.ts';

const BLUE = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const GREEN = 'd8522d9f-575b-4866-88a9-ba99fa02f35b';
const SYNCED_FLAGS = 0x5d; // UP, UV, BE, BS, AT
const SYNCED_ASSERTION_FLAGS = 0x1d;

let authority: Issued;
let signer: Issued;
let vendor: Issued;
let leaf: Issued;
let world: World;
let user: User;
let number = 0;
let serial = 0;

/** The tenant's metadata: two models of one vendor, BLUE certified at L2 unless said otherwise. */
async function publish(blue: Partial<EntryWishes> = {}) {
  const l2 = [{ status: 'FIDO_CERTIFIED_L2' }];
  const entries = [
    entry({ aaguid: BLUE, name: 'Blue Key', roots: [vendor], statuses: l2, transports: ['usb'], ...blue }),
    entry({ aaguid: GREEN, name: 'Green Key', roots: [vendor], transports: ['usb', 'nfc'] }),
  ];
  writeFileSync(join(world.stateDir, 'blob.jwt'), await blob([signer], { no: ++number, entries }));
  await world.admin.metadata.refresh();
}

beforeAll(async () => {
  [authority, vendor] = [await root(), await root('CN=Vendor')];
  signer = await issue({ subject: 'CN=Signer', issuer: authority });
  leaf = await attestationCertificate(vendor);
  const metadata = { file: 'blob.jwt', root: 'root.pem' };
  world = await startWorld({ metadata }, (dir) => writeFileSync(join(dir, 'root.pem'), pem(authority)));
});
afterAll(() => world.close());
beforeEach(async () => {
  for (const { group } of await world.admin.keyPolicies.list()) {
    if (group !== null) await world.admin.keyPolicies.remove(group.id);
  }
  await world.admin.keyPolicies.change('default', DEFAULT_RULES);
  await publish();
  user = await world.admin.users.create({ userPrincipalName: `u${++serial}@example.com` });
});

async function register(
  faults: { attest?: Attester; flags?: number; transports?: string[] } = {},
  aaguid = BLUE,
) {
  const key = new TestKey(aaguid);
  const credential = key.create(await world.admin.keys.options(user.id), faults);
  const info = await world.admin.keys.register(user.id, { displayName: 'key', credential });
  return { key, info };
}
const attested = (aaguid = BLUE) => register({ attest: packed(leaf) }, aaguid);
const refused = (registration: Promise<unknown>, code: string) =>
  expect(registration).rejects.toMatchObject({ code });

test('a key is shown with its model and with what proves it', async () => {
  const { info } = await attested();
  expect(info).toMatchObject({ attestationLevel: 'attested', attestationReason: null, model: 'Blue Key' });
  expect(info.attestationCertificates).toEqual([leaf, vendor].map(({ der }) => der.toString('base64')));
  const unproven = (await register({ attest: packedSelf })).info;
  expect(unproven).toMatchObject({ attestationLevel: 'notAttested', attestationReason: 'self-attestation' });
});

test.each([
  ['attestation enforced', { attestationEnforced: true }],
  [
    'an allow list',
    { keyRestrictions: { ...DEFAULT_RULES.keyRestrictions, isEnforced: true, aaGuids: [BLUE] } },
  ],
  [
    'a block list',
    { keyRestrictions: { isEnforced: true, enforcementType: 'block' as const, aaGuids: [GREEN] } },
  ],
  ['a level', { minimumCertificationLevel: 'L2' as const }],
])('with %s, a claimed AAGUID is nothing and a proven one is taken', async (_name, changes) => {
  await world.admin.keyPolicies.change('default', changes);
  await refused(register(), 'attestation-required');
  await refused(register({ attest: packedSelf }), 'attestation-required');
  const forger = await root('CN=Vendor');
  const forged = await attestationCertificate(forger);
  await refused(register({ attest: packed(forged, [forged, forger]) }), 'attestation-required');
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'key.registration-refused',
    outcome: 'denied',
    reason: 'attestation-required',
  });
  await attested();
  if (!('attestationEnforced' in changes)) {
    await refused(
      attested(GREEN),
      'minimumCertificationLevel' in changes ? 'certification-too-low' : 'key-model-not-allowed',
    );
  }
});

test('synced or device-bound, and the ways to connect, are as the policy says', async () => {
  await world.admin.keyPolicies.change('default', { passkeyTypes: ['deviceBound'] });
  await refused(register({ flags: SYNCED_FLAGS }), 'synced-not-allowed');
  await world.admin.keyPolicies.change('default', { passkeyTypes: ['synced'], transports: ['usb', 'nfc'] });
  await refused(register(), 'device-bound-not-allowed');
  await register({ flags: SYNCED_FLAGS, transports: ['nfc'] });
  await refused(register({ flags: SYNCED_FLAGS, transports: ['usb', 'hybrid'] }), 'transport-not-allowed');
  await refused(register({ flags: SYNCED_FLAGS, transports: [] }), 'transport-not-allowed');
});

test('the policy of today holds at every sign-in: for a token and for a PRT', async () => {
  const { key } = await register();
  const device = await joinDevice(world, key);
  expect((await signIn(world, device, key)).status).toBe(200);
  await world.admin.keyPolicies.change('default', { attestationEnforced: true });
  const answer = await signIn(world, device, key);
  expect([answer.status, answer.json.suberror]).toEqual([400, 'attestation-required']);
  expect((await registrationToken(world, key)).json.suberror).toBe('attestation-required');
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'registration-token.refused',
    actor: `user:${user.id}`,
    reason: 'attestation-required',
  });
  await world.admin.keyPolicies.change('default', { attestationEnforced: false });
  expect((await signIn(world, device, key)).status).toBe(200);
});

test("at sign-in today's metadata decides: a lost root, a revoked model, a level that was raised", async () => {
  const { key } = await attested();
  await world.admin.keyPolicies.change('default', { attestationEnforced: true });
  expect((await registrationToken(world, key)).status).toBe(200);
  await publish({ roots: [authority] });
  expect((await registrationToken(world, key)).json.suberror).toBe('attestation-required');
  await publish();
  expect((await registrationToken(world, key)).status).toBe(200);
  await world.admin.keyPolicies.change('default', { minimumCertificationLevel: 'L3' });
  expect((await registrationToken(world, key)).json.suberror).toBe('certification-too-low');
  await world.admin.keyPolicies.change('default', DEFAULT_RULES);
  await publish({
    statuses: [
      { status: 'USER_KEY_REMOTE_COMPROMISE', effectiveDate: '2026-01-01' },
      { status: 'UPDATE_AVAILABLE' },
    ],
  });
  expect((await registrationToken(world, key)).json.suberror).toBe('key-model-revoked');
  await refused(register(), 'key-model-revoked'); // also one that only claims to be of that model
});

test('a report of one compromised certificate concerns the keys under it', async () => {
  const other = await attestationCertificate(vendor);
  const statuses = [{ status: 'ATTESTATION_KEY_COMPROMISE', certificate: leaf.der.toString('base64') }];
  const { key } = await attested();
  await publish({ statuses });
  expect((await registrationToken(world, key)).json.suberror).toBe('key-model-revoked');
  await register({ attest: packed(other) });
});

test('a key stays attested when the certificate of its batch runs out, and metadata may come later', async () => {
  const short = await attestationCertificate(vendor, { notAfter: new Date(Date.now() + 60_000) });
  await publish({ roots: [] });
  const { key, info } = await register({ attest: packed(short) });
  expect(info).toMatchObject({ attestationLevel: 'notAttested', attestationReason: 'root-unknown' });
  await publish();
  await world.admin.keyPolicies.change('default', { attestationEnforced: true });
  world.clock.offset = 3600;
  expect((await registrationToken(world, key)).status).toBe(200);
  world.clock.offset = 0;
});

test('a passkey that becomes one that can be copied is not the same', async () => {
  const { key } = await register();
  const answer = await registrationToken(world, key, { flags: SYNCED_ASSERTION_FLAGS });
  expect(answer.json.suberror).toBe('key-unknown');
});

test('a counter that goes back is blocked, or noted where the policy says so', async () => {
  const { key } = await register();
  await registrationToken(world, key, { counter: 50 });
  expect((await registrationToken(world, key, { counter: 50 })).json.suberror).toBe('key-counter-regressed');
  await world.admin.keyPolicies.change('default', { counterRegression: 'log' });
  expect((await registrationToken(world, key, { counter: 7 })).status).toBe(200);
  const events = (await world.admin.audit.list({ limit: 2 })).map(({ event }) => event);
  expect(events).toEqual(['registration-token.issued', 'key.counter-regressed']);
  const [shown] = await world.admin.keys.list(user.id);
  expect(shown?.counter).toBe(50); // it does not go back with it
  await world.admin.keys.remove(user.id, key.id);
  expect((await registrationToken(world, key, { counter: 6 })).json.suberror).toBe('key-removed');
});

test('of the entries for the groups of a user the first holds, and the default for everyone else', async () => {
  const { groups, keyPolicies } = world.admin;
  await groups.create({ displayName: 'Admins' });
  const staff = await groups.create({ displayName: 'Staff' });
  await keyPolicies.change('staff', { selfService: false });
  await keyPolicies.change('Admins', { attestationEnforced: true });
  expect((await keyPolicies.list()).map(({ group }) => group?.displayName)).toEqual([
    'Staff',
    'Admins',
    undefined,
  ]);
  expect(await keyPolicies.effective(user.id)).toMatchObject({ group: null });
  await groups.addMember('ADMINS', user.userPrincipalName);
  await groups.addMember('admins', user.id); // again
  await refused(register(), 'attestation-required');
  await groups.addMember(staff.id, user.id);
  expect(await keyPolicies.effective(user.id)).toMatchObject({
    group: { displayName: 'Staff' },
    selfService: false,
  });
  await register(); // Staff stands before Admins, and says nothing of attestation
  await keyPolicies.order(['admins', 'staff']);
  await refused(register(), 'attestation-required');
  await refused(keyPolicies.order(['admins']), 'policy-order-incomplete');
  await refused(keyPolicies.order(['admins', 'admins']), 'policy-order-incomplete');
  expect((await groups.members('admins')).map(({ id }) => id)).toEqual([user.id]);
  await refused(groups.delete('admins'), 'group-in-use');
  await keyPolicies.remove('admins');
  await groups.delete('admins');
  await groups.removeMember('staff', user.id);
  expect((await groups.list()).map(({ displayName, members }) => [displayName, members])).toEqual([
    ['Staff', 0],
  ]);
  await refused(groups.create({ displayName: ' staff' }), 'group-exists');
  await refused(groups.create({ displayName: 'Default' }), 'request-malformed');
  await refused(keyPolicies.show('admins'), 'group-not-found');
  await keyPolicies.remove('staff');
  await refused(keyPolicies.remove('staff'), 'policy-not-found');
});

test('where self-service is off, people register nothing themselves, and administrators do', async () => {
  const store = openStore({ sqlite: join(world.stateDir, 'tenant.db') });
  try {
    const self = { actor: `user:${user.id}` };
    await checkSelfService({ store }, self, user.id);
    await world.admin.keyPolicies.change('default', { selfService: false });
    await refused(checkSelfService({ store }, self, user.id), 'self-service-off');
    await checkSelfService({ store }, { actor: 'admin-socket' }, user.id);
    await register();
  } finally {
    await store.destroy();
  }
});

test('the accepted models are listed with their names', async () => {
  const { keyPolicies } = world.admin;
  const names = async () => (await keyPolicies.models()).models.map(({ name }) => name);
  expect(await keyPolicies.models(user.id)).toMatchObject({ attestationRequired: false, unknown: [] });
  expect(await names()).toEqual(['Blue Key', 'Green Key']);
  const unheard = '11111111-1111-4111-8111-111111111111';
  await keyPolicies.change('default', {
    keyRestrictions: {
      isEnforced: true,
      enforcementType: 'allow',
      aaGuids: [BLUE.toUpperCase(), BLUE, unheard],
    },
  });
  expect(await keyPolicies.models()).toMatchObject({ attestationRequired: true, unknown: [unheard] });
  expect(await names()).toEqual(['Blue Key']);
  await keyPolicies.change('default', { ...DEFAULT_RULES, minimumCertificationLevel: 'L2' });
  expect(await names()).toEqual(['Blue Key']);
  await keyPolicies.change('default', { ...DEFAULT_RULES, transports: ['usb'] });
  expect(await names()).toEqual(['Blue Key']);
  await publish({ statuses: [{ status: 'REVOKED' }] });
  await keyPolicies.change('default', DEFAULT_RULES);
  expect(await names()).toEqual(['Green Key']);
});
