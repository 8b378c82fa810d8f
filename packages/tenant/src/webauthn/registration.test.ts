/** Registering security keys over the admin socket. */
import { randomBytes } from 'node:crypto';
import { SOFTWARE_KEY_AAGUID } from '@kennel/security-key';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OTHER_AAGUID, TestKey } from '../../test/authenticator.ts';
import { enrol, joinDevice, registrationToken, startWorld, type World } from '../../test/world.ts';
import type { User } from '../users/schema.ts';

let world: World;
let user: User;
beforeAll(async () => {
  world = await startWorld();
});
let serial = 0;
beforeEach(async () => {
  world.clock.offset = 0;
  user = await world.admin.users.create({ userPrincipalName: `u${++serial}@example.com`, displayName: 'U' });
});
afterAll(() => world.close());

const register = (credential: ReturnType<TestKey['create']>, of = user) =>
  world.admin.keys.register(of.id, { displayName: 'blue key', credential });

test('the options ask for a credential on the key and for the user to be verified', async () => {
  const { publicKey, origin } = await world.admin.keys.options(user.id);
  expect(origin).toBe(world.admin && (await world.admin.status()).origins[0]);
  expect(publicKey).toMatchObject({
    rp: { id: 'localhost' },
    user: { name: user.userPrincipalName, displayName: 'U' },
    attestation: 'direct',
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
  });
  expect(Buffer.from(publicKey.user.id, 'base64url')).toHaveLength(32);
  expect(publicKey.user.id).toBe((await world.admin.keys.options(user.id)).publicKey.user.id);
});

test('a key is registered, listed and excluded from the next registration', async () => {
  const key = new TestKey();
  const info = await register(key.create(await world.admin.keys.options(user.id)));
  expect(info).toMatchObject({
    id: key.id,
    displayName: 'blue key',
    aaGuid: OTHER_AAGUID,
    attestationFormat: 'none',
    transports: ['usb'],
    passkeyType: 'deviceBound',
    counter: 1,
    lastUsedOn: null,
  });
  expect(await world.admin.keys.list(user.id)).toEqual([info]);
  expect((await world.admin.keys.options(user.id)).publicKey.excludeCredentials).toMatchObject([
    { id: key.id },
  ]);
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'key.registered',
    subject: `user:${user.id} key:${key.id}`,
  });
});

test('a challenge is good once, for its user, for five minutes or as long as asked', async () => {
  const key = new TestKey();
  const options = await world.admin.keys.options(user.id);
  const other = await world.admin.users.create({ userPrincipalName: `other${serial}@example.com` });
  await expect(register(key.create(options), other)).rejects.toMatchObject({ code: 'challenge-unknown' });
  await expect(register(key.create(options))).rejects.toMatchObject({ code: 'challenge-unknown' }); // it is spent
  const invented = {
    ...options,
    publicKey: { ...options.publicKey, challenge: randomBytes(32).toString('base64url') },
  };
  await expect(register(key.create(invented))).rejects.toMatchObject({ code: 'challenge-unknown' });
  const [short, long] = [
    await world.admin.keys.options(user.id),
    await world.admin.keys.options(user.id, 10),
  ];
  world.clock.offset = 301;
  await expect(register(key.create(short))).rejects.toMatchObject({ code: 'challenge-unknown' });
  await register(key.create(long));
});

test.each<[string, { flags?: number; origin?: string }, RegExp]>([
  ['no user verification', { flags: 0x41 }, /did not check that it is you. Set a PIN/],
  ['no user presence', { flags: 0x44 }, /could not be verified/],
  ['another origin', { origin: 'https://evil.example' }, /could not be verified/],
])('an answer with %s is refused and audited', async (_name, faults, message) => {
  const credential = new TestKey().create(await world.admin.keys.options(user.id), faults);
  await expect(register(credential)).rejects.toMatchObject({
    code: 'registration-invalid',
    message: expect.stringMatching(message),
  });
  expect((await world.admin.audit.list({ limit: 1 }))[0]).toMatchObject({
    event: 'key.registration-refused',
    outcome: 'denied',
    reason: 'registration-invalid',
  });
  expect(await world.admin.keys.list(user.id)).toEqual([]);
});

test('another RP ID, another id than the signed one, and rubbish are refused', async () => {
  const options = await world.admin.keys.options(user.id);
  const elsewhere = { ...options, publicKey: { ...options.publicKey, rp: { id: 'evil.example' } } };
  await expect(register(new TestKey().create(elsewhere))).rejects.toMatchObject({
    code: 'registration-invalid',
  });
  const id = randomBytes(32).toString('base64url');
  const renamed = { ...new TestKey().create(await world.admin.keys.options(user.id)), id, rawId: id };
  await expect(register(renamed)).rejects.toMatchObject({ code: 'registration-invalid' });
  const good = new TestKey().create(await world.admin.keys.options(user.id));
  for (const response of [
    { ...good.response, clientDataJSON: 'AAAA' },
    { ...good.response, attestationObject: 'AAAA' },
  ]) {
    await expect(register({ ...good, response })).rejects.toMatchObject({ code: 'registration-invalid' });
  }
});

test('a credential belongs to one user of the tenant', async () => {
  const key = new TestKey();
  await register(key.create(await world.admin.keys.options(user.id)));
  const other = await world.admin.users.create({ userPrincipalName: `second${serial}@example.com` });
  const again = key.create(await world.admin.keys.options(other.id));
  await expect(register(again, other)).rejects.toMatchObject({ code: 'key-exists' });
});

test('a key is removed from its own user only', async () => {
  const key = new TestKey();
  await register(key.create(await world.admin.keys.options(user.id)));
  const other = await world.admin.users.create({ userPrincipalName: `third${serial}@example.com` });
  await expect(world.admin.keys.remove(other.id, key.id)).rejects.toMatchObject({ code: 'key-not-found' });
  await world.admin.keys.remove(user.id, key.id);
  expect(await world.admin.keys.list(user.id)).toEqual([]);
});

test('a software key is refused at registration', async () => {
  const credential = new TestKey(SOFTWARE_KEY_AAGUID).create(await world.admin.keys.options(user.id));
  await expect(register(credential)).rejects.toMatchObject({ code: 'software-key-refused' });
});

test('a lab admits a software key, and refuses it at the next sign-in once it is no lab any more', async () => {
  const lab = await startWorld({ lab: true });
  try {
    const { key } = await enrol(
      lab,
      { userPrincipalName: 'lab@example.com' },
      new TestKey(SOFTWARE_KEY_AAGUID),
    );
    await joinDevice(lab, key);
    const { readFileSync, writeFileSync } = await import('node:fs');
    const path = `${lab.stateDir}/config.json`;
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), lab: false }));
    await lab.restart();
    const answer = await registrationToken(lab, key, { origin: lab.url });
    expect([answer.status, answer.json.suberror]).toEqual([400, 'software-key-refused']);
  } finally {
    await lab.close();
  }
});
