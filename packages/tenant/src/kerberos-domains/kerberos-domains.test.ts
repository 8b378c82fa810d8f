/** KerberosDomains over the admin socket: keys come in, roll over, and never come out. */
import { randomBytes } from 'node:crypto';
import { KrbError, krbtgt } from '@kennel/kerberos';
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
    pendingKeyVersion: null,
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

test('a pending key is tried and only then used; the one before is kept', async () => {
  const { publish, publishPending, activate, discardPending, list } = world.admin.kerberosDomains;
  const { dnsName } = await publish({ ...CORP, keyUpdatedOn: '2026-01-02T03:04:05.000Z' });
  expect(await list()).toMatchObject([{ keyUpdatedOn: '2026-01-02T03:04:05.000Z' }]);
  const next = { krbtgtNumber: CORP.krbtgtNumber, keyVersion: 3, etype: 18 as const, key: newKey() };
  const activation = { keyVersion: 3, provenBy: ['dc1.corp.example.com'], without: ['dc2.corp.example.com'] };
  await expect(activate(dnsName, activation)).rejects.toMatchObject({ code: 'krbtgt-key-not-pending' });
  expect(await publishPending(dnsName, { ...next, keyUpdatedOn: '2026-02-03T04:05:06.000Z' })).toMatchObject({
    keyVersion: 2,
    pendingKeyVersion: 3,
  });
  await discardPending(dnsName);
  await expect(discardPending(dnsName)).rejects.toMatchObject({ code: 'krbtgt-key-not-pending' });
  await publishPending(dnsName, { ...next, keyUpdatedOn: '2026-02-03T04:05:06.000Z' });
  const expected = {
    keyVersion: 3,
    previousKeyVersion: 2,
    pendingKeyVersion: null,
    keyUpdatedOn: '2026-02-03T04:05:06.000Z',
  };
  expect(await activate(dnsName, activation)).toMatchObject(expected);
  expect(await activate(dnsName, activation)).toMatchObject(expected);
  const [line] = await world.admin.audit.list({ limit: 1 });
  expect(line).toMatchObject({
    event: 'kerberos-domain.key-activated',
    reason: 'proven by dc1.corp.example.com; without dc2.corp.example.com',
  });
});

test('a pending key is of the same krbtgt and newer, and goes where its version is published outright', async () => {
  const { publish, publishPending, list } = world.admin.kerberosDomains;
  const { dnsName } = await publish(CORP);
  const next = { krbtgtNumber: CORP.krbtgtNumber, keyVersion: 3, etype: 18 as const, key: newKey() };
  await expect(publishPending(dnsName, { ...next, krbtgtNumber: 7 })).rejects.toMatchObject({
    code: 'krbtgt-number-differs',
  });
  await expect(publishPending(dnsName, { ...next, keyVersion: 2 })).rejects.toMatchObject({
    code: 'krbtgt-key-older',
  });
  await publishPending(dnsName, next);
  await publish(CORP);
  expect(await list()).toMatchObject([{ keyVersion: 2, pendingKeyVersion: 3 }]);
  await publish({ ...CORP, keyVersion: 3, key: next.key });
  expect(await list()).toMatchObject([{ keyVersion: 3, pendingKeyVersion: null, previousKeyVersion: 2 }]);
});

test('a probe shows neither ticket nor key to who carries it, and its answer is read only with its own token', async () => {
  const { publish, probe, readProbe } = world.admin.kerberosDomains;
  const { dnsName } = await publish(CORP);
  const { request, token } = await probe(dnsName, { key: 'current' });
  expect(Buffer.from(request, 'base64')[0]).toBe(0x6c); // TGS-REQ: APPLICATION 12
  const answer = (code: number) =>
    Buffer.from(
      KrbError.encode({
        pvno: 5,
        msgType: 30,
        stime: new Date(),
        susec: 0,
        errorCode: code,
        realm: 'CORP.EXAMPLE.COM',
        sname: krbtgt('CORP.EXAMPLE.COM'),
      }),
    ).toString('base64');
  const read = (code: number, more = {}) =>
    readProbe(dnsName, { token, reply: answer(code), controller: 'dc1.corp.example.com', ...more });
  expect(await read(20)).toMatchObject({ redeemed: false, keyKnown: true, refusal: 'TGT_REVOKED' });
  expect(await read(44)).toMatchObject({ redeemed: false, keyKnown: false, refusal: 'BADKEYVER' });
  expect(await read(60)).toMatchObject({ redeemed: false, keyKnown: null });
  for (const more of [
    { token: `${token.slice(0, -4)}AAAA` },
    { reply: Buffer.from('6d03020105', 'hex').toString('base64') },
  ])
    await expect(read(20, more)).rejects.toMatchObject({ code: 'probe-invalid' });
  await expect(probe(dnsName, { key: 'pending' })).rejects.toMatchObject({ code: 'krbtgt-key-not-pending' });
  world.clock.offset += 601;
  await expect(read(20)).rejects.toMatchObject({ code: 'probe-invalid' });
});

test('a probe of a person follows the rules of a sign-in', async () => {
  const { publish, probe } = world.admin.kerberosDomains;
  const { dnsName } = await publish(CORP);
  await world.admin.users.create({ userPrincipalName: 'nobody@corp.example.com' });
  await expect(probe(dnsName, { key: 'current', user: 'nobody' })).rejects.toMatchObject({
    code: 'tgt-no-on-premises-user',
  });
  await expect(probe(dnsName, { key: 'current', user: 'whoever' })).rejects.toMatchObject({
    code: 'user-not-found',
  });
});
