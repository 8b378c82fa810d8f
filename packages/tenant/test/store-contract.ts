/** What the store promises, whichever database is behind it: one set of tests for SQLite and PostgreSQL. */
import { createHash, createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertLines, linesAfter, newestLines } from '../src/audit/queries.ts';
import { type AuditEvent, verifyAudit } from '../src/audit/rules.ts';
import { AuditTrail } from '../src/audit/trail.ts';
import * as grants from '../src/authorize/queries.ts';
import { insertCeremonyEvents, listCeremonyEvents, purgeCeremonyEvents } from '../src/ceremonies/queries.ts';
import * as devices from '../src/devices/queries.ts';
import * as firstAdministrator from '../src/first-administrator/queries.ts';
import * as groups from '../src/groups/queries.ts';
import * as domains from '../src/kerberos-domains/queries.ts';
import { keepBlob, storedBlob } from '../src/metadata/queries.ts';
import * as nonces from '../src/nonce/queries.ts';
import * as passes from '../src/passes/queries.ts';
import { TRIES_A_NAME, WINDOW_SECONDS } from '../src/passes/tries.ts';
import * as policies from '../src/policy/queries.ts';
import * as prts from '../src/prt/queries.ts';
import * as reports from '../src/reports/queries.ts';
import * as sessions from '../src/sessions/queries.ts';
import { dialectOf } from '../src/store/dialect-of.ts';
import { isUniqueViolation } from '../src/store/errors.ts';
import { checkStoreIdentity, recordStoreIdentity } from '../src/store/identity.ts';
import { migrateStore, type Store, unmigrateStore } from '../src/store/open.ts';
import type { CredentialRow, DeviceRow, KerberosDomainRow, PrtRow, UserRow } from '../src/store/schema.ts';
import { ensureTenantKeys, loadTenantKeys } from '../src/tenant-keys/rules.ts';
import * as users from '../src/users/queries.ts';
import { credentialWithUser } from '../src/webauthn/key-with-user.ts';
import * as keys from '../src/webauthn/queries.ts';
import { guessPasses } from './pass-guessing.ts';

const NOW = '2026-01-02T03:04:05.678Z';
const LATER = '2026-01-02T03:09:05.678Z';
const config = {
  tenantId: randomUUID(),
  tenantName: 'Test',
  hostName: 'localhost',
  listen: { address: '127.0.0.1', port: 0 },
  rpId: 'localhost',
  origins: ['https://localhost'],
  tls: 'selfSigned' as const,
  store: { sqlite: ':memory:' },
  lab: false,
};

function newUser(more: Partial<UserRow> = {}): UserRow {
  const id = randomUUID();
  return {
    id,
    user_principal_name: `${id}@example.com`,
    upn_folded: `${id}@example.com`,
    display_name: 'Zoë “Quote” O’Neill \u{1f511}',
    enabled: 1,
    role: 'user',
    user_handle: randomBytes(32).toString('base64url'),
    on_premises_sid: null,
    on_premises_sam_account_name: null,
    on_premises_domain_name: null,
    created_on: NOW,
    ...more,
  };
}

const newCredential = (userId: string): CredentialRow => ({
  id: randomBytes(32).toString('base64url'),
  user_id: userId,
  public_key: 'pQ',
  counter: 4_294_967_290,
  aaguid: randomUUID(),
  attestation_format: 'none',
  attestation_object: 'oA',
  statement_verified: 1,
  transports: '["usb"]',
  backup_eligible: 0,
  backed_up: 0,
  display_name: 'key',
  created_on: NOW,
  last_used_on: null,
  last_used_where: null,
  removed_on: null,
});

const newDevice = (userId: string): DeviceRow => ({
  id: randomUUID(),
  display_name: 'workstation',
  join_type: 0,
  operating_system: 'Linux',
  os_version: '12',
  enabled: 1,
  certificate_sha256: randomBytes(32).toString('hex'),
  certificate: 'AA',
  transport_key: 'AA',
  registered_by: userId,
  registered_on: NOW,
  last_seen_on: null,
});

const newPrt = (userId: string, deviceId: string, family: string = randomUUID()): PrtRow => ({
  token_hash: randomBytes(32).toString('base64url'),
  user_id: userId,
  device_id: deviceId,
  session_key_sealed: 'AA',
  kdf_version: 2,
  issued_on: NOW,
  expires_on: LATER,
  family,
  credential_id: null,
  authenticated_on: NOW,
  superseded_on: null,
  used: 0,
});

const auditEvent = (subject: string): AuditEvent => ({
  event: 'prt.issued',
  actor: 'test',
  subject,
  outcome: 'allowed',
  correlationId: randomUUID(),
});

/**
 * @param open opens another connection to the same, initially empty, database, where there can be several
 */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    let other: Store;
    beforeAll(async () => {
      store = await open();
      other = await open();
    });
    afterAll(async () => {
      await store?.destroy();
      await other?.destroy();
    });

    test('migrates up, down and up again, and two at once take turns', async () => {
      await migrateStore(store);
      await unmigrateStore(store);
      await Promise.all([migrateStore(store), migrateStore(other)]);
      expect(await users.listUsers(store, '', 10)).toEqual([]);
    });

    test('belongs to one tenant and one RP ID', async () => {
      expect(await checkStoreIdentity(store, config)).toBe(false);
      await recordStoreIdentity(store, config);
      await recordStoreIdentity(store, { ...config, rpId: 'late.example' });
      expect(await checkStoreIdentity(store, config)).toBe(true);
      await expect(checkStoreIdentity(store, { ...config, rpId: 'late.example' })).rejects.toMatchObject({
        code: 'rp-id-changed',
      });
      await expect(checkStoreIdentity(store, { ...config, tenantId: randomUUID() })).rejects.toMatchObject({
        code: 'store-not-initialised',
      });
    });

    test('two processes that make the tenant keys end with the same ones', async () => {
      const master = { id: '0011223344556677', key: createSecretKey(randomBytes(32)) };
      await Promise.all(
        [store, other].map((one) => ensureTenantKeys(one, master, config.tenantId, new Date(NOW))),
      );
      const [mine, theirs] = [await loadTenantKeys(store, master), await loadTenantKeys(other, master)];
      expect(mine.signing.kid).toBe(theirs.signing.kid);
      expect(mine.nonce.equals(theirs.nonce)).toBe(true);
      const wrong = { id: '8899aabbccddeeff', key: createSecretKey(randomBytes(32)) };
      await expect(loadTenantKeys(store, wrong)).rejects.toMatchObject({ code: 'master-key-wrong' });
    });

    test('keeps text of every kind, and names and SIDs once', async () => {
      const user = newUser({ on_premises_sid: 'S-1-5-21-1-2-3-1000' });
      await users.insertUser(store, user);
      expect(await users.userById(other, user.id)).toEqual(user);
      expect(await users.userByUpn(other, user.upn_folded)).toEqual(user);
      for (const clash of [
        newUser({ upn_folded: user.upn_folded }),
        newUser({ on_premises_sid: user.on_premises_sid }),
        newUser({ user_handle: user.user_handle }),
        newUser({ id: user.id }),
      ]) {
        const error = await users.insertUser(store, clash).catch((cause: unknown) => cause);
        expect(isUniqueViolation(error)).toBe(true);
      }
      await Promise.all([users.insertUser(store, newUser()), users.insertUser(store, newUser())]); // no SID, twice
    });

    test('finds users by the part before the @, whatever characters it has', async () => {
      await users.insertUser(store, newUser({ upn_folded: 'al%ce@example.com' }));
      await users.insertUser(store, newUser({ upn_folded: 'alice@example.com' }));
      await users.insertUser(store, newUser({ upn_folded: 'alice@other.example' }));
      await users.insertUser(store, newUser({ upn_folded: 'alicent@example.com' }));
      expect(await users.usersByShortName(store, 'al%ce')).toHaveLength(1);
      expect(await users.usersByShortName(store, 'alice')).toHaveLength(2);
      expect(await users.usersByShortName(store, 'al')).toHaveLength(0);
    });

    test('of many that spend a nonce for one use, one does', async () => {
      const row = { nonce_hash: 'n1', use: 'prt-request', expires_on: LATER };
      const tries = Array.from({ length: 10 }, (_, i) =>
        nonces.insertSpent(i % 2 === 0 ? store : other, [row]),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect(await nonces.insertSpent(store, [{ ...row, use: 'prt-assertion' }])).toBe(true);
      // all, or the request is refused: what came with a spent one is spent as well
      expect(await nonces.insertSpent(store, [{ ...row, nonce_hash: 'n2' }, row])).toBe(false);
      expect(await nonces.insertSpent(store, [{ ...row, nonce_hash: 'n2' }])).toBe(false);
      // sets that overlap, in one batch: the first has it, and those that share nothing are not in its way
      const set = (...names: string[]) => names.map((nonce_hash) => ({ ...row, nonce_hash }));
      const together = [set('n3', 'n4'), set('n4', 'n5'), set('n6'), set('n7', 'n7')];
      expect(await Promise.all(together.map((rows) => nonces.insertSpent(store, rows)))).toEqual([
        ...[true, false, true, false],
      ]);
      await nonces.purgeSpent(store, NOW);
      expect(await nonces.insertSpent(store, [row])).toBe(false);
      await nonces.purgeSpent(store, '2026-01-02T03:10:00.000Z');
      expect(await nonces.insertSpent(store, [row])).toBe(true);
    });

    test('a challenge is taken once', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      await keys.insertChallenge(store, {
        challenge_hash: 'c1',
        purpose: 'p',
        user_id: user.id,
        expires_on: LATER,
      });
      const taken = await Promise.all(
        [store, other, store, other].map((one) => keys.takeChallenge(one, 'c1')),
      );
      expect(taken.filter((row) => row !== undefined)).toHaveLength(1);
    });

    test('a counter only rises, once for each value', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const key = newCredential(user.id);
      await keys.insertCredential(store, key);
      const advance = (one: Store, counter: number) =>
        keys.advanceCounter(one, { id: key.id, counter, backedUp: 0, now: NOW, where: 'here' });
      const tries = await Promise.all([store, other, store, other].map((one) => advance(one, 4_294_967_295)));
      expect(tries.filter(Boolean)).toHaveLength(1);
      expect(await advance(store, 4_294_967_295)).toBe(false);
      expect(await advance(store, 0)).toBe(false);
      expect((await credentialWithUser(store, key.id))?.credential).toMatchObject({
        counter: 4_294_967_295,
        last_used_on: NOW,
      });
      const uncounted = { ...newCredential(user.id), counter: 0 };
      await keys.insertCredential(store, uncounted);
      expect(
        await keys.advanceCounter(store, {
          id: uncounted.id,
          counter: 0,
          backedUp: 0,
          now: NOW,
          where: 'here',
        }),
      ).toBe(true);
      expect(await keys.removeCredential(store, user.id, uncounted.id, NOW)).toBe(true);
      expect(await keys.removeCredential(store, user.id, uncounted.id, NOW)).toBe(false);
      expect(
        await keys.advanceCounter(store, {
          id: uncounted.id,
          counter: 0,
          backedUp: 0,
          now: NOW,
          where: 'here',
        }),
      ).toBe(false);
      expect((await keys.credentialsOfUser(store, user.id)).map((row) => row.id)).toEqual([key.id]);
    });

    test('a PRT is added only for a device and a user as they are at that moment', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const device = newDevice(user.id);
      await devices.insertDevice(store, device);
      const add = (certificate = device.certificate_sha256) =>
        prts.insertPrt(store, { row: newPrt(user.id, device.id), certificateSha256: certificate });
      expect(await add()).toBe(true);
      expect(await add('0'.repeat(64))).toBe(false);
      await users.updateUser(store, user.id, { enabled: 0 });
      expect(await add()).toBe(false);
      await users.updateUser(store, user.id, { enabled: 1 });
      await devices.setDeviceEnabled(store, device.id, false);
      expect(await add()).toBe(false);
      expect(await devices.deleteDevice(store, device.id)).toBe(true);
      expect(await add()).toBe(false);
      expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
    });

    test('of many devices that one person joins at once, as many are added as they may have', async () => {
      const [user, another] = [newUser(), newUser()];
      await users.insertUser(store, user);
      await users.insertUser(store, another);
      const joins = Array.from({ length: 16 }, (_, i) =>
        devices.insertDeviceWithin(i % 2 === 0 ? store : other, newDevice(user.id), 5),
      );
      const theirs = devices.insertDeviceWithin(store, newDevice(another.id), 1);
      expect((await Promise.all(joins)).filter(Boolean)).toHaveLength(5);
      expect(await theirs).toBe(true);
      expect(await devices.countDevicesOf(store, user.id)).toBe(5);
    });

    test('new device keys replace the old ones once, and take the PRTs with them', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const device = newDevice(user.id);
      await devices.insertDevice(store, device);
      const prt = newPrt(user.id, device.id);
      expect(await prts.insertPrt(store, { row: prt, certificateSha256: device.certificate_sha256 })).toBe(
        true,
      );
      expect(await store.selectFrom('prts').selectAll().execute()).toEqual([prt]);
      const next = () => ({ ...device, certificate_sha256: randomBytes(32).toString('hex') });
      const replace = (one: Store) => devices.replaceDeviceKeys(one, next(), device.certificate_sha256);
      expect((await Promise.all([replace(store), replace(other)])).sort()).toEqual([false, true]);
      expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
      expect(await devices.countDevicesOf(store, user.id)).toBe(1);
      const current = (await devices.deviceById(store, device.id))?.certificate_sha256 ?? '';
      expect(await prts.insertPrt(store, { row: prt, certificateSha256: current })).toBe(true);
      await users.deleteUser(store, user.id);
      expect(await store.selectFrom('prts').selectAll().execute()).toEqual([]);
    });

    test('the first use of a PRT supersedes the others of its family, and they go together', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const device = newDevice(user.id);
      await devices.insertDevice(store, device);
      const [old, next, stranger] = [
        newPrt(user.id, device.id, 'family'),
        newPrt(user.id, device.id, 'family'),
        newPrt(user.id, device.id),
      ];
      for (const row of [old, next, stranger])
        expect(await prts.insertPrt(store, { row, certificateSha256: device.certificate_sha256 })).toBe(true);
      await prts.noteFirstUse(store, { tokenHash: next.token_hash, now: NOW, forgetOn: LATER });
      expect(await prts.prtByHash(store, old.token_hash)).toEqual({ ...old, superseded_on: NOW });
      expect(await prts.prtByHash(store, next.token_hash)).toEqual({ ...next, used: 1 });
      expect(await prts.prtByHash(store, stranger.token_hash)).toEqual(stranger);
      await prts.deleteFamily(store, 'family');
      expect(await prts.prtByHash(store, next.token_hash)).toBeUndefined();
      expect(await prts.prtByHash(store, stranger.token_hash)).toEqual(stranger);
    });

    test('a session is found until it ends, the oldest go first, and all go with the user', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const session = (hash: string, created: string) => ({
        token_hash: hash,
        user_id: user.id,
        method: 'fido' as const,
        credential_id: 'k',
        pass_id: null,
        created_on: created,
        proven_on: created,
        seen_on: created,
        expires_on: LATER,
      });
      await sessions.insertSession(store, session('old', '2026-01-01T00:00:00.000Z'));
      await sessions.insertSession(store, session('new', NOW));
      expect(await sessions.sessionByHash(other, 'new', NOW)).toEqual(session('new', NOW));
      expect(await sessions.sessionByHash(other, 'new', LATER)).toBeUndefined();
      await sessions.updateSession(store, 'new', { method: 'pass', credential_id: null, pass_id: 'p' });
      expect(await sessions.sessionByHash(other, 'new', NOW)).toMatchObject({ pass_id: 'p', seen_on: NOW });
      await sessions.trimSessions(store, 1);
      expect(await sessions.sessionByHash(store, 'old', NOW)).toBeUndefined();
      await sessions.insertSession(store, session('idle', '2026-01-01T00:00:00.000Z'));
      await sessions.purgeSessions(store, NOW, '2026-01-01T12:00:00.000Z');
      expect(await sessions.deleteSession(store, 'idle')).toBe(false);
      expect(await sessions.deleteSession(store, 'new')).toBe(true);
      await sessions.insertSession(store, session('last', NOW));
      await users.deleteUser(store, user.id);
      expect(await sessions.sessionByHash(store, 'last', NOW)).toBeUndefined();
    });

    test('of many that use a code or a refresh token, one does; its family ends together', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const grant = {
        user_id: user.id,
        method: 'fido' as const,
        credential_id: 'k',
        client_id: 'c',
        scope: 'openid',
        proven_on: NOW,
        expires_on: LATER,
        used: 0,
      };
      const code = {
        ...grant,
        code_hash: 'code',
        redirect_uri: 'x:',
        code_challenge: null,
        resource: null,
        nonce: null,
      };
      await grants.insertCode(store, code);
      expect(await grants.codeByHash(other, 'code')).toEqual(code);
      const both = [store, other, store, other];
      const once = async (use: (one: Store) => Promise<boolean>) =>
        (await Promise.all(both.map(use))).filter(Boolean).length;
      expect(await once((one) => grants.useCode(one, 'code'))).toBe(1);
      for (const hash of ['r1', 'r2']) {
        await grants.insertRefreshToken(store, { ...grant, token_hash: hash, family: 'code' });
      }
      expect(await once((one) => grants.useRefreshToken(one, 'r1'))).toBe(1);
      await grants.deleteFamily(store, 'code');
      expect(await grants.refreshTokenByHash(other, 'r2')).toBeUndefined();
      await grants.insertRefreshToken(store, { ...grant, token_hash: 'r3', family: 'f' });
      await sessions.endSignIns(store, user.id);
      expect(await grants.refreshTokenByHash(other, 'r3')).toBeUndefined();
      expect(await grants.codeByHash(other, 'code')).toBeUndefined();
      await grants.insertCode(store, code);
      await grants.purgeGrants(store, '2026-01-02T03:10:00.000Z');
      expect(await grants.codeByHash(other, 'code')).toBeUndefined();
    });

    test("the first administrator's link is one, replaced by the next, and used once", async () => {
      await firstAdministrator.putLink(store, { token_hash: 'a', expires_on: LATER });
      await firstAdministrator.putLink(other, { token_hash: 'b', expires_on: LATER });
      expect(await firstAdministrator.isLink(store, 'a', NOW)).toBe(false);
      expect(await firstAdministrator.isLink(store, 'b', NOW)).toBe(true);
      expect(await firstAdministrator.isLink(store, 'b', LATER)).toBe(false);
      const tries = [store, other, store].map((one) => firstAdministrator.takeLink(one, 'b', NOW));
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      const admin = newUser({ role: 'administrator' });
      expect(await users.hasAdministrator(store)).toBe(false);
      await users.insertUser(store, admin);
      expect(await users.hasAdministrator(other)).toBe(true);
      await users.deleteUser(store, admin.id);
    });

    test('a KerberosDomain is published over an older one', async () => {
      const row: KerberosDomainRow = {
        dns_name: 'corp.example.com',
        realm: 'CORP.EXAMPLE.COM',
        netbios_name: 'CORP',
        domain_sid: 'S-1-5-21-1-2-3',
        krbtgt_number: 65_535,
        key_version: 1,
        key_sealed: 'AA',
        previous_key_version: null,
        previous_key_sealed: null,
        pending_key_version: null,
        pending_key_sealed: null,
        pending_key_updated_on: null,
        key_updated_on: NOW,
        published_on: NOW,
      };
      await domains.upsertDomain(store, row);
      await domains.upsertDomain(store, {
        ...row,
        key_version: 2,
        previous_key_version: 1,
        previous_key_sealed: 'AA',
      });
      expect(await domains.listDomains(other)).toEqual([
        { ...row, key_version: 2, previous_key_version: 1, previous_key_sealed: 'AA' },
      ]);
      expect(await domains.deleteDomain(store, row.dns_name)).toBe(true);
      expect(await domains.deleteDomain(store, row.dns_name)).toBe(false);
    });

    test('the policy of a user is the first for one of the groups, and a group with a policy stays', async () => {
      const [member, stranger] = [newUser(), newUser()];
      await users.insertUser(store, member);
      await users.insertUser(store, stranger);
      const [a, b] = ['a', 'b'].map((name) => ({
        id: randomUUID(),
        display_name: name.toUpperCase(),
        name_folded: name,
        created_on: NOW,
      }));
      if (a === undefined || b === undefined) throw new Error('no groups');
      for (const group of [a, b]) {
        await groups.insertGroup(store, group);
        expect(await groups.insertMember(store, group.id, member.id)).toBe(true);
        expect(await groups.insertMember(other, group.id, member.id)).toBe(false);
      }
      const entry = (id: string, position: number) => ({
        id,
        group_id: id === 'default' ? null : id,
        position,
        rules: '{}',
        updated_on: NOW,
      });
      expect(await policies.policyOfUser(store, member.id)).toBeUndefined();
      await policies.upsertPolicy(store, entry('default', policies.LAST_POSITION));
      expect(await policies.nextPosition(store)).toBe(1);
      await policies.upsertPolicy(store, entry(a.id, 2));
      await policies.upsertPolicy(store, entry(b.id, 1));
      expect(await policies.nextPosition(store)).toBe(3);
      expect(await policies.policyOfUser(other, member.id)).toMatchObject({ id: b.id, group_name: 'B' });
      expect(await policies.policyOfUser(other, stranger.id)).toMatchObject({
        id: 'default',
        group_name: null,
      });
      await policies.upsertPolicy(store, { ...entry(a.id, 99), rules: '{"x":1}' });
      expect(await policies.policyById(store, a.id)).toEqual({ ...entry(a.id, 2), rules: '{"x":1}' });
      expect(await groups.deleteGroup(store, b.id)).toBe(false);
      await expect(store.deleteFrom('user_groups').where('id', '=', b.id).execute()).rejects.toThrow(
        /foreign key/i,
      );
      expect(await policies.deletePolicy(store, b.id)).toBe(true);
      expect(await groups.deleteGroup(store, b.id)).toBe(true);
      expect(await policies.policyOfUser(store, member.id)).toMatchObject({ id: a.id });
      expect(await groups.listGroups(store)).toEqual([{ ...a, members: 1 }]);
      expect((await groups.listMembers(store, a.id, '', 10)).map(({ id }) => id)).toEqual([member.id]);
      await users.deleteUser(store, member.id);
      expect(await groups.listGroups(store)).toEqual([{ ...a, members: 0 }]);
    });

    test('reports count the keys that were not removed', async () => {
      const [none, one] = [newUser(), newUser()];
      await users.insertUser(store, none);
      await users.insertUser(store, one);
      const [kept, gone] = [newCredential(one.id), newCredential(one.id)];
      await keys.insertCredential(store, kept);
      await keys.insertCredential(store, gone);
      await keys.removeCredential(store, one.id, gone.id, NOW);
      const withKeys = async (count: number) =>
        (await reports.usersWithKeys(store, count, '', 1000)).map(({ id }) => id);
      expect(await withKeys(0)).toContain(none.id);
      expect(await withKeys(1)).toContain(one.id);
      expect(await withKeys(1)).not.toContain(none.id);
      const idle = async (before: string) =>
        (await reports.unusedKeys(store, before, '', 1000)).map(({ id }) => id);
      expect(await idle(NOW)).not.toContain(kept.id);
      expect(await idle(LATER)).toContain(kept.id);
      expect(await idle(LATER)).not.toContain(gone.id);
      const use = { id: kept.id, backedUp: 0, now: LATER, where: 'there' };
      expect(await keys.recordUse(store, use)).toBe(true);
      expect(await keys.recordUse(store, { ...use, id: gone.id })).toBe(false);
      expect(await idle(LATER)).not.toContain(kept.id);
      expect(await reports.keysByModel(other)).toContainEqual({ aaguid: kept.aaguid, keys: 1, users: 1 });
    });

    test('of two metadata BLOBs the one with the higher number stays', async () => {
      const row = (number: number) => ({
        number,
        next_update: '2026-02-01',
        blob: `blob ${number}`,
        accepted_on: NOW,
      });
      expect(await keepBlob(store, row(7))).toBe(true);
      const offers = [8, 8, 6, 7].map((number, i) => keepBlob(i % 2 === 0 ? store : other, row(number)));
      expect((await Promise.all(offers)).filter(Boolean)).toHaveLength(1);
      expect(await storedBlob(other)).toEqual({ id: 'fido', ...row(8) });
      // one of a root that is trusted no more gives way, once
      const instead = [store, other].map((one) => keepBlob(one, row(3), 8));
      expect((await Promise.all(instead)).filter(Boolean)).toHaveLength(1);
      expect(await storedBlob(other)).toEqual({ id: 'fido', ...row(3) });
    });

    test('of 10,000 guesses at a pass that come at once, the first few are looked at', async () => {
      const result = await guessPasses([store, other], 10_000);
      expect(result).toEqual({ looked: TRIES_A_NAME, locked: 10_000 - TRIES_A_NAME });
      // A minute later it is still so, and when the window is over it begins anew.
      expect(await guessPasses([store, other], 100, 60)).toEqual({ looked: 0, locked: 100 });
      expect(await guessPasses([store, other], 100, WINDOW_SECONDS + 1)).toEqual({
        looked: TRIES_A_NAME,
        locked: 100 - TRIES_A_NAME,
      });
      await passes.purgeTries(store, '9999');
    });

    test('a pass is one of a user, and one for a single use is used once', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const row = {
        user_id: user.id,
        id: randomUUID(),
        hash: 'h',
        created_on: NOW,
        starts_on: NOW,
        expires_on: LATER,
        usable_once: 1,
        used_on: null,
      };
      await passes.putPass(store, { ...row, id: randomUUID() });
      await passes.putPass(store, row);
      expect(await passes.passOfUser(other, user.id)).toEqual(row);
      expect(await passes.usePass(store, row.id, '2026-01-01T00:00:00.000Z')).toBe(false);
      expect(await passes.usePass(store, row.id, LATER)).toBe(false);
      const uses = [store, other, store, other].map((one) => passes.usePass(one, row.id, NOW));
      expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
      await passes.putPass(store, { ...row, usable_once: 0 });
      expect(await passes.usePass(store, row.id, NOW)).toBe(true);
      expect(await passes.usePass(other, row.id, NOW)).toBe(true);
      await passes.purgePasses(store, LATER);
      expect(await passes.deletePass(store, user.id)).toBe(true);
      expect(await passes.deletePass(store, user.id)).toBe(false);
      expect(await passes.storedPassPolicy(store)).toBeUndefined();
      for (const rules of ['{"a":1}', '{"a":2}']) await passes.keepPassPolicy(store, rules, NOW);
      expect(await passes.storedPassPolicy(other)).toBe('{"a":2}');
    });

    test('steps of ceremonies are found by user, by trace id, by time, and forgotten', async () => {
      const user = newUser();
      await users.insertUser(store, user);
      const step = (id: string, more: object) => ({
        id,
        time: NOW,
        event: 1000,
        purpose: 'web',
        ceremony: 'c1',
        trace_id: `trace-${id}`,
        user_id: user.id,
        credential_id: null,
        aaguid: null,
        rp_id: 'localhost',
        origin: null,
        reason: null,
        client_error: null,
        elapsed_ms: null,
        ctap_status: null,
        ...more,
      });
      await insertCeremonyEvents(store, [
        step('a1', {}),
        step('a2', { time: LATER }),
        step('a3', { ceremony: null, user_id: null }),
      ]);
      const list = async (query: object, userId?: string) =>
        (await listCeremonyEvents(other, { limit: 10, ...query }, userId)).map(({ id }) => id);
      expect(await list({})).toEqual(['a3', 'a2', 'a1']);
      expect(await list({ limit: 1, before: 'a3' })).toEqual(['a2']);
      expect(await list({}, user.id)).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'trace-a1' })).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'c1' })).toEqual(['a2', 'a1']);
      expect(await list({ trace: 'trace-a3' })).toEqual(['a3']);
      expect(await list({ since: LATER })).toEqual(['a2']);
      await users.deleteUser(store, user.id);
      expect((await listCeremonyEvents(store, { limit: 1, before: 'a3' }, undefined))[0]).toMatchObject({
        id: 'a2',
        user_principal_name: null,
      });
      await purgeCeremonyEvents(store, LATER, 10);
      expect(await list({})).toEqual(['a2']);
      await purgeCeremonyEvents(store, '', 0);
      expect(await list({})).toEqual([]);
    });

    test('the audit of two processes is one unbroken chain', async () => {
      const trails = [store, other].map((one) => new AuditTrail(one, () => new Date(NOW)));
      const writes = Array.from({ length: 40 }, (_, i) =>
        trails[i % 2]?.record(auditEvent(`s${i}`), auditEvent(`t${i}`)),
      );
      await Promise.all(writes);
      expect(await verifyAudit(store)).toMatchObject({ ok: true, lines: 80 });
      const [first, second] = await linesAfter(store, 0, 2);
      expect(first).toMatchObject({ seq: 1, time: NOW, previous_hash: '0'.repeat(64) });
      expect(second?.previous_hash).toBe(first?.hash);
      expect((await newestLines(store, 2, 80)).map((line) => line.seq)).toEqual([79, 78]);
    });

    test('the database refuses to change or remove a line of the audit', async () => {
      for (const statement of [
        "update audit set outcome = 'allowed' where seq = 1",
        'update audit set seq = 1000 where seq = 80',
        'delete from audit where seq = 1',
        'delete from audit',
        ...(dialectOf(store) === 'postgresql' ? ['truncate audit'] : []),
      ]) {
        await expect(sql.raw(statement).execute(store)).rejects.toThrow('append-only');
      }
      expect(await verifyAudit(store)).toMatchObject({ ok: true, lines: 80 });
    });

    test('a line that was put in by hand breaks the chain, even with a hash that fits itself', async () => {
      const [last] = await newestLines(store, 1);
      if (last === undefined) throw new Error('no line');
      const content = { ...last, seq: 81, previous_hash: '0'.repeat(64) };
      const { seq, time, event, actor, subject, outcome, reason, correlation_id, previous_hash } = content;
      const parts = [previous_hash, seq, time, event, actor, subject, outcome, reason, correlation_id];
      const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
      await insertLines(store, [{ ...content, hash }]);
      expect(await verifyAudit(store)).toEqual({ ok: false, lines: 80, brokenAt: 81 });
    });
  });
}
