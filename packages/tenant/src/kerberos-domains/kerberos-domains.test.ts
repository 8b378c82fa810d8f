/** KerberosDomains over the admin socket: keys come in, roll over, and never come out. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CORP, startWorld, type World } from '../../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  for (const { dnsName } of await world.admin.kerberosDomains.list())
    await world.admin.kerberosDomains.remove(dnsName);
});
afterAll(() => world.close());

const newKey = () => randomBytes(32).toString('base64');

test('a domain is published and shown without its key', async () => {
  const published = await world.admin.kerberosDomains.publish(CORP);
  expect(published).toEqual({
    dnsName: 'corp.example.com',
    realm: 'CORP.EXAMPLE.COM',
    netbiosName: 'CORP',
    domainSid: CORP.domainSid,
    krbtgtNumber: 41_234,
    keyVersion: 2,
    kvno: (41_234 - 65_536) * 65_536 + 2, // signed: N is above 32767
    previousKeyVersion: null,
    keyUpdatedOn: expect.any(String),
    publishedOn: expect.any(String),
  });
  expect(await world.admin.kerberosDomains.list()).toEqual([published]);
});

test('a newer key keeps the one before; the same again changes nothing; an older one is refused', async () => {
  const { publish } = world.admin.kerberosDomains;
  const first = await publish(CORP);
  expect(await publish(CORP)).toEqual(first);
  world.clock.offset = 60;
  const second = await publish({ ...CORP, keyVersion: 3, key: newKey() });
  expect(second).toMatchObject({ keyVersion: 3, previousKeyVersion: 2, publishedOn: first.publishedOn });
  expect(second.keyUpdatedOn > first.keyUpdatedOn).toBe(true);
  await expect(publish(CORP)).rejects.toMatchObject({ code: 'krbtgt-key-older' });
  const another = await publish({ ...CORP, krbtgtNumber: 7, keyVersion: 1, key: newKey() });
  expect(another).toMatchObject({ krbtgtNumber: 7, keyVersion: 1, previousKeyVersion: null });
});

test("a domain's SID does not change under its users", async () => {
  await world.admin.kerberosDomains.publish(CORP);
  await expect(
    world.admin.kerberosDomains.publish({ ...CORP, domainSid: 'S-1-5-21-1-2-3' }),
  ).rejects.toMatchObject({
    code: 'sid-outside-domain',
  });
});

test.each<[string, object]>([
  ['version 0', { keyVersion: 0 }],
  ['number 0', { krbtgtNumber: 0 }],
  ['number 65536', { krbtgtNumber: 65_536 }],
  ['another etype', { etype: 23 }],
  ['a key of 16 bytes', { key: randomBytes(16).toString('base64') }],
  ['a key that is not base64', { key: '*'.repeat(44) }],
  ['a user SID', { domainSid: `${CORP.domainSid}-500` }],
])('what no DC would accept is refused: %s', async (_name, more) => {
  await expect(world.admin.kerberosDomains.publish({ ...CORP, ...more })).rejects.toMatchObject({
    code: 'request-malformed',
  });
});

test('removed, it is gone', async () => {
  await world.admin.kerberosDomains.publish(CORP);
  await world.admin.kerberosDomains.remove('CORP.example.com');
  expect(await world.admin.kerberosDomains.list()).toEqual([]);
  await expect(world.admin.kerberosDomains.remove('corp.example.com')).rejects.toMatchObject({
    code: 'kerberos-domain-not-found',
  });
});
