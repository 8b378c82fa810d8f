/** What connectors may and may not write, and what the directory's account means at sign-in and for tickets. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestKey } from '../../test/authenticator.ts';
import { CORP, joinDevice, signIn, startWorld, type TestDevice, type World } from '../../test/world.ts';
import { clientTransport, connectorClientOver, enrolClient } from '../clients/enrolled.ts';
import type { ConnectorClient } from './client.ts';
import type { SyncBatch, SyncObject, SyncUser } from './schema.ts';

let world: World;
let clientsDir: string;
let corp: ConnectorClient;
let other: ConnectorClient;
const OTHER_SID = 'S-1-5-21-7-7-7';
const DOMAIN = { dnsName: 'corp.example.com', netbiosName: 'CORP', domainSid: CORP.domainSid };
const OTHER = { dnsName: 'other.example', netbiosName: 'OTHER', domainSid: OTHER_SID };

beforeAll(async () => {
  world = await startWorld();
  clientsDir = mkdtempSync(join(tmpdir(), 'kennel-sync-'));
  await world.admin.kerberosDomains.publish(CORP);
  const connector = async (domain: string) => {
    const { token } = await world.admin.clients.invite({ scope: 'connector', domain });
    const given = { clientsDir, tenantUrl: world.url, caFile: world.caFile, name: `sync-${domain}`, token };
    return connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
  };
  corp = await connector('corp.example.com');
  other = await connector('other.example');
});
afterAll(async () => {
  await world.close();
  rmSync(clientsDir, { recursive: true });
});

let rid = 5000;
const user = (name: string, more: Partial<SyncUser> = {}): SyncUser => ({
  kind: 'user',
  anchor: randomUUID(),
  version: '1',
  userPrincipalName: `${name}@corp.example.com`,
  displayName: name,
  mail: null,
  samAccountName: name,
  sid: `${CORP.domainSid}-${++rid}`,
  enabled: true,
  accountExpiresOn: null,
  passwordExpiresOn: null,
  mustChangePassword: false,
  lockedUntil: null,
  protected: false,
  primaryGroupSid: `${CORP.domainSid}-513`,
  ...more,
});
const group = (name: string, sid: string) =>
  ({ kind: 'group', anchor: randomUUID(), version: '1', name, sid }) as const;

/** One run with these batches. */
async function run(
  objects: SyncObject[] | SyncObject[][],
  { connector = corp, domain = DOMAIN, state = undefined as string | undefined, allowDeletions = false } = {},
) {
  const { runId } = await connector.begin({ ...domain, mode: 'full', allowDeletions });
  const batches = Array.isArray(objects[0]) ? (objects as SyncObject[][]) : [objects as SyncObject[]];
  for (const [at, each] of batches.entries()) {
    const last = at === batches.length - 1 && state !== undefined ? { state } : {};
    await connector.push(runId, { sequence: at + 1, objects: each, ...last });
  }
  return connector.end(runId, { outcome: 'completed' });
}

test('a run brings users with their facts; the next one changes them; gone ones are refused and can come back', async () => {
  const alice = user('alice', { mail: 'alice@example.com' });
  expect((await run([alice])).counts).toEqual({ created: 1, updated: 0, deleted: 0, problems: 0 });
  const created = await world.admin.users.show('alice');
  expect(created).toMatchObject({
    displayName: 'alice',
    onPremisesSecurityIdentifier: alice.sid,
    onPremisesSamAccountName: 'alice',
    onPremisesDomainName: 'corp.example.com',
  });
  await run([
    { ...alice, userPrincipalName: 'alice.b@corp.example.com', displayName: 'Alice B', version: '2' },
  ]);
  expect(await world.admin.users.show('alice.b')).toMatchObject({ id: created.id, displayName: 'Alice B' });
  expect((await run([{ kind: 'gone', of: 'user', anchor: alice.anchor }])).counts.deleted).toBe(1);
  expect((await world.admin.users.list()).some(({ id }) => id === created.id)).toBe(false);
  expect(await world.admin.users.account(created.id)).toMatchObject({
    signInRefusal: { code: 'account-deleted' },
  });
  // The name is free, and the user who comes back is the same one.
  const successor = user('alice');
  await run([successor]);
  await run([{ ...alice, userPrincipalName: 'alice.b@corp.example.com', version: '3' }]);
  expect(await world.admin.users.show('alice.b')).toMatchObject({ id: created.id });
  const events = (await world.admin.audit.list({ limit: 1000 }))
    .filter(({ subject }) => subject === `user:${created.id}`)
    .map(({ event, actor }) => `${event} ${actor}`);
  expect(events.reverse()).toEqual(
    ['created', 'updated', 'deleted', 'restored'].map(
      (what) => `sync.user-${what} client:sync-corp.example.com`,
    ),
  );
});

test('a connector writes for its domain alone, and a SID of another domain is refused', async () => {
  await expect(other.begin({ ...DOMAIN, mode: 'full' })).rejects.toMatchObject({
    code: 'outside-connector-domain',
  });
  await expect(other.begin({ ...OTHER, domainSid: CORP.domainSid, mode: 'full' })).rejects.toMatchObject({
    code: 'sync-domain-differs',
  });
  const victim = user('victim');
  await run([victim]);
  const thief = user('thief', { sid: victim.sid, userPrincipalName: 'thief@other.example' });
  expect((await run([thief], { connector: other, domain: OTHER })).counts).toMatchObject({
    created: 0,
    problems: 1,
  });
  await expect(world.admin.users.show('thief')).rejects.toMatchObject({ code: 'user-not-found' });
  // Nor does it take a name, a run or the objects of the other domain.
  const sameName = user('victim', { sid: `${OTHER_SID}-1200`, primaryGroupSid: `${OTHER_SID}-513` });
  expect((await run([sameName], { connector: other, domain: OTHER })).counts).toMatchObject({ problems: 1 });
  const { runId } = await corp.begin({ ...DOMAIN, mode: 'incremental' });
  await expect(other.push(runId, { sequence: 1, objects: [] })).rejects.toMatchObject({
    code: 'sync-run-over',
  });
  await corp.end(runId, { outcome: 'completed' });
  await run([{ kind: 'gone', of: 'user', anchor: victim.anchor }], { connector: other, domain: OTHER });
  expect(await world.admin.users.show('victim')).toMatchObject({ onPremisesSecurityIdentifier: victim.sid });
  const domains = await world.admin.sync.domains();
  expect(
    domains
      .find(({ dnsName }) => dnsName === 'other.example')
      ?.problems.map(({ code }) => code)
      .sort(),
  ).toEqual(['sid-outside-domain', 'user-exists']);
});

test('what comes from a directory is changed there; an administrator can disable it here', async () => {
  const bob = user('bob');
  await run([bob]);
  const { users } = world.admin;
  for (const changes of [
    { displayName: 'Robert' },
    { onPremisesSecurityIdentifier: `${CORP.domainSid}-9999` },
    { userPrincipalName: 'robert@corp.example.com' },
  ]) {
    await expect(users.update('bob', changes)).rejects.toMatchObject({ code: 'synced-value' });
  }
  await expect(users.delete('bob')).rejects.toMatchObject({ code: 'synced-value' });
  expect(await users.disable('bob')).toMatchObject({ enabled: false });
  await run([{ ...bob, version: '2' }]);
  expect(await users.show('bob')).toMatchObject({ enabled: false });
  const made = {
    userPrincipalName: 'hand@corp.example.com',
    onPremisesSecurityIdentifier: `${CORP.domainSid}-8888`,
    onPremisesSamAccountName: 'hand',
    onPremisesDomainName: 'corp.example.com',
  };
  await expect(users.create(made)).rejects.toMatchObject({ code: 'synced-value' });
});

test('batches come in their order, the last one again changes nothing, and state is stored with its batch', async () => {
  const [one, two] = [user('one'), user('two')];
  const { runId } = await corp.begin({ ...DOMAIN, mode: 'full' });
  const batch: SyncBatch = { sequence: 1, objects: [one] };
  const first = await corp.push(runId, batch);
  expect(await corp.push(runId, batch)).toEqual(first);
  await expect(corp.push(runId, { sequence: 3, objects: [two] })).rejects.toMatchObject({
    code: 'sync-out-of-order',
  });
  await corp.push(runId, { sequence: 2, objects: [two], state: 'after two' });
  // Killed here: the next run begins from that state, and the old one is over.
  const again = await corp.begin({ ...DOMAIN, mode: 'incremental' });
  expect(again.state).toBe('after two');
  await expect(corp.push(runId, { sequence: 3, objects: [] })).rejects.toMatchObject({
    code: 'sync-run-over',
  });
  await corp.end(again.runId, { outcome: 'failed', message: 'no controller' });
  const [failed, killed] = await world.admin.sync.runs('corp.example.com');
  expect([failed?.outcome, killed?.outcome]).toEqual(['failed', 'interrupted']);
});

test('a run that would delete more than its share is stopped, and its batch is not applied', async () => {
  const many = Array.from({ length: 40 }, (_, at) => user(`many${at}`));
  await run(many);
  const gone = many.slice(0, 20).map(({ anchor }) => ({ kind: 'gone', of: 'user', anchor }) as const);
  await expect(run(gone, { state: 'lost' })).rejects.toMatchObject({ code: 'sync-too-many-deletions' });
  expect(await world.admin.users.show('many0')).toMatchObject({ enabled: true });
  expect((await corp.begin({ ...DOMAIN, mode: 'full' })).state).toBe('after two');
  expect((await run(gone, { allowDeletions: true })).counts.deleted).toBe(20);
});

test('groups with nesting and primary group decide the policy, and only their directory changes them', async () => {
  const [carol, dave] = [user('carol'), user('dave')];
  const staff = group('Staff', `${CORP.domainSid}-4001`);
  const inner = group('Inner', `${CORP.domainSid}-4002`);
  const everyone = group('Domain Users', `${CORP.domainSid}-513`);
  const membersOf = (of: { anchor: string }, members: string[]) =>
    ({ kind: 'members', group: of.anchor, from: '', to: null, members }) as const;
  await run([
    ...[carol, dave, staff, inner, everyone],
    membersOf(staff, [inner.anchor, randomUUID()]),
    membersOf(inner, [carol.anchor, staff.anchor]), // in a circle
  ]);
  const { groups, keyPolicies } = world.admin;
  expect((await groups.members('corp\\staff')).map(({ displayName }) => displayName)).toEqual(['carol']);
  expect((await groups.members('CORP\\Domain Users')).map(({ displayName }) => displayName)).toContain(
    'dave',
  );
  await keyPolicies.change('CORP\\Staff', { attestationEnforced: true });
  expect(await keyPolicies.effective('carol')).toMatchObject({ attestationEnforced: true });
  expect(await keyPolicies.effective('dave')).not.toMatchObject({ attestationEnforced: true });
  await run([membersOf(inner, [staff.anchor, dave.anchor])]);
  expect((await groups.members('CORP\\Staff')).map(({ displayName }) => displayName)).toEqual(['dave']);
  await expect(groups.addMember('CORP\\Staff', 'carol')).rejects.toMatchObject({ code: 'synced-value' });
  await expect(groups.delete('CORP\\Inner')).rejects.toMatchObject({ code: 'synced-value' });
  // A policy does not fall away with its group.
  expect((await run([{ kind: 'gone', of: 'group', anchor: staff.anchor }])).counts).toMatchObject({
    deleted: 0,
    problems: 1,
  });
  expect(await keyPolicies.show('CORP\\Staff')).toMatchObject({ attestationEnforced: true });
  await keyPolicies.remove('CORP\\Staff');
  expect((await run([{ kind: 'gone', of: 'group', anchor: staff.anchor }])).counts).toMatchObject({
    deleted: 1,
  });
});

test('a stretch of a large group is brought in step without touching the rest', async () => {
  const big = group('Big', `${CORP.domainSid}-4100`);
  const people = Array.from({ length: 6 }, (_, at) => user(`big${at}`)).sort((a, b) =>
    a.anchor < b.anchor ? -1 : 1,
  );
  const anchors = people.map(({ anchor }) => anchor);
  const piece = (from: string, to: string | null, members: string[]) =>
    ({ kind: 'members', group: big.anchor, from, to, members }) as const;
  const border = anchors[3] ?? '';
  await run([...people, big, piece('', border, anchors.slice(0, 3)), piece(border, null, anchors.slice(3))]);
  const shown = async () => (await world.admin.groups.members('CORP\\Big')).length;
  expect(await shown()).toBe(6);
  await run([piece(border, null, anchors.slice(4))]);
  expect(await shown()).toBe(5);
  // A member that is said to lie elsewhere is not taken.
  await run([piece('', border, [...anchors.slice(0, 3), anchors[3] ?? ''])]);
  expect(await shown()).toBe(5);
});

describe('the account in the directory', () => {
  let device: TestDevice;
  const key = new TestKey();
  const erin = user('erin');
  beforeAll(async () => {
    await run([erin]);
    const credential = key.create(await world.admin.keys.options('erin'));
    await world.admin.keys.register('erin', { displayName: 'a key', credential });
    device = await joinDevice(world, key);
  });
  const outcome = async (changes: Partial<SyncUser>) => {
    await run([{ ...erin, ...changes, version: randomUUID() }]);
    const answer = await signIn(world, device, key);
    if (answer.status !== 200) return answer.json.suberror;
    return JSON.parse(answer.json.tgt_ad ?? '{}').error ?? answer.json.tgt_error_message ?? 'ticket';
  };
  const soon = () => new Date(Date.now() + 60_000).toISOString();
  const past = '2026-01-01T00:00:00.000Z';

  test('in good order it signs in with a ticket', async () => {
    const answer = await signIn(world, device, key);
    expect(answer.json.tgt_client_key).toBeTypeOf('string');
  });
  test.each<[string, Partial<SyncUser>, RegExp]>([
    ['disabled', { enabled: false }, /^account-disabled-on-premises$/],
    ['expired', { accountExpiresOn: past }, /^account-expired-on-premises$/],
  ])('%s, it may not sign in', async (_name, changes, code) => {
    expect(await outcome(changes)).toMatch(code);
  });
  test.each<[string, Partial<SyncUser>, string]>([
    ['its password must change', { mustChangePassword: true }, 'tgt-password-must-change'],
    ['its password has expired', { passwordExpiresOn: past }, 'tgt-password-expired'],
    ['it is not in Domain Users', { primaryGroupSid: `${CORP.domainSid}-514` }, 'tgt-not-in-domain-users'],
    ['it is protected', { protected: true }, 'tgt-protected-account'],
  ])('where %s, it signs in and gets no ticket', async (_name, changes, code) => {
    await run([{ ...erin, ...changes, version: randomUUID() }]);
    const answer = await signIn(world, device, key);
    expect(answer.status).toBe(200);
    expect(answer.json.tgt_client_key).toBeUndefined();
    expect(answer.text).toContain(code);
    expect(await world.admin.users.account('erin')).toMatchObject({
      signInRefusal: null,
      ticketRefusal: { code },
    });
    const [line] = (await world.admin.audit.list()).filter(({ event }) => event === 'tgt.refused');
    expect(line).toMatchObject({ reason: code });
  });
  test('what the clock alone changes needs no sync', async () => {
    await run([{ ...erin, accountExpiresOn: soon(), version: 'soon' }]);
    expect((await signIn(world, device, key)).status).toBe(200);
    world.clock.offset = 61;
    expect((await signIn(world, device, key)).json.suberror).toBe('account-expired-on-premises');
    world.clock.offset = 0;
  });
  test('a protected account gets a ticket where an administrator allowed its group by name', async () => {
    const admins = group('Operators', `${CORP.domainSid}-4200`);
    const members: SyncObject = {
      kind: 'members',
      group: admins.anchor,
      from: '',
      to: null,
      members: [erin.anchor],
    };
    await run([{ ...erin, protected: true, version: 'p' }, admins, members]);
    const ticket = async () => (await signIn(world, device, key)).json.tgt_client_key;
    expect(await ticket()).toBeUndefined();
    await world.admin.sync.changeSettings('corp.example.com', { allowProtected: ['operators'] });
    expect(await ticket()).toBeTypeOf('string');
    const settings = (given: Parameters<typeof world.admin.sync.changeSettings>[1]) =>
      world.admin.sync.changeSettings('corp.example.com', given);
    expect(await settings({ allowProtected: ['Erin@CORP.example.com'] })).toMatchObject({
      allowedProtected: [
        { sid: admins.sid, name: 'CORP\\Operators' },
        { sid: erin.sid, name: 'erin@corp.example.com' },
      ],
    });
    await settings({ denyProtected: ['CORP\\OPERATORS'] });
    expect(await ticket()).toBeTypeOf('string'); // herself, by name
    await settings({ denyProtected: [erin.sid] });
    expect(await ticket()).toBeUndefined();
    const refused = (code: string) => ({ code });
    await expect(settings({ allowProtected: ['nobody'] })).rejects.toMatchObject(
      refused('synced-account-not-found'),
    );
    await expect(settings({ allowProtected: [`${OTHER_SID}-1`] })).rejects.toMatchObject(
      refused('sid-outside-domain'),
    );
    const [line] = (await world.admin.audit.list()).filter(({ event }) => event === 'sync.settings-changed');
    expect(line?.subject).toContain(`"denyProtected":["${erin.sid}"]`);
  });
  test('locked out, it is left to the domain controller, until a setting is stricter', async () => {
    await run([{ ...erin, lockedUntil: soon(), version: 'l' }]);
    expect((await signIn(world, device, key)).status).toBe(200);
    expect(await world.admin.users.account('erin')).toMatchObject({ lockedUntil: expect.any(String) });
    await world.admin.sync.changeSettings('corp.example.com', { refuseLockedOut: true });
    expect((await signIn(world, device, key)).json.suberror).toBe('account-locked-on-premises');
    world.clock.offset = 61;
    expect((await signIn(world, device, key)).status).toBe(200);
    world.clock.offset = 0;
  });
});

test('a user whom an administrator made before with that very SID is taken over, and keeps the keys', async () => {
  const fresh = await startWorld();
  try {
    const sid = `${CORP.domainSid}-1104`;
    const made = await fresh.admin.users.create({
      userPrincipalName: 'frank@corp.example.com',
      onPremisesSecurityIdentifier: sid,
      onPremisesSamAccountName: 'frank',
      onPremisesDomainName: 'corp.example.com',
    });
    await fresh.admin.users.create({ userPrincipalName: 'grace@corp.example.com' });
    const { token } = await fresh.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const given = { clientsDir, tenantUrl: fresh.url, caFile: fresh.caFile, name: 'fresh', token };
    const connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
    const { counts } = await run([user('frank', { sid }), user('grace')], { connector });
    expect(counts).toEqual({ created: 0, updated: 1, deleted: 0, problems: 1 }); // grace is somebody else
    expect(await fresh.admin.users.show('frank')).toMatchObject({ id: made.id });
  } finally {
    await fresh.close();
  }
});

test('a domain that was built anew is refused until the old one is forgotten, with all that came from it', async () => {
  const fresh = await startWorld();
  try {
    const { token } = await fresh.admin.clients.invite({ scope: 'connector', domain: 'corp.example.com' });
    const given = { clientsDir, tenantUrl: fresh.url, caFile: fresh.caFile, name: 'anew', token };
    const connector = connectorClientOver(clientTransport(clientsDir, await enrolClient(given)));
    const staff = group('Staff', `${CORP.domainSid}-4300`);
    await run([user('henry'), staff], { connector });
    await fresh.admin.users.create({ userPrincipalName: 'own@elsewhere.example' });
    const anew = { ...DOMAIN, domainSid: 'S-1-5-21-8-8-8', mode: 'full' as const };
    await expect(connector.begin(anew)).rejects.toMatchObject({
      code: 'sync-domain-differs',
      message: expect.stringContaining('kennel sync forget corp.example.com'),
    });

    await fresh.admin.keyPolicies.change('CORP\\Staff', { selfService: false });
    const forget = () => fresh.admin.sync.forget('Corp.Example.com');
    await expect(forget()).rejects.toMatchObject({ code: 'group-in-use' });
    await fresh.admin.keyPolicies.remove('CORP\\Staff');
    const { runId } = await connector.begin({ ...DOMAIN, mode: 'full' });
    await expect(forget()).rejects.toMatchObject({ code: 'sync-busy' });
    await connector.end(runId, { outcome: 'completed' });
    expect(await forget()).toEqual({ user: 1, group: 1, computer: 0 });
    expect((await fresh.admin.users.list()).map(({ userPrincipalName }) => userPrincipalName)).toEqual([
      'own@elsewhere.example',
    ]);
    expect(await fresh.admin.groups.list()).toEqual([]);
    const [line] = await fresh.admin.audit.list({ limit: 1 });
    expect(line).toMatchObject({ event: 'sync.domain-forgotten', actor: 'admin-socket' });
    await expect(forget()).rejects.toMatchObject({ code: 'sync-domain-not-found' });
    await connector.begin(anew);
  } finally {
    await fresh.close();
  }
});
