/** What administrators set, and are told. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import * as groups from '../../src/groups/queries.ts';
import * as domains from '../../src/kerberos-domains/queries.ts';
import { keepBlob, storedBlob } from '../../src/metadata/queries.ts';
import * as policies from '../../src/policy/queries.ts';
import * as reports from '../../src/reports/queries.ts';
import type { KerberosDomainRow } from '../../src/store/schema.ts';
import * as users from '../../src/users/queries.ts';
import * as keys from '../../src/webauthn/queries.ts';
import { LATER, NOW, newCredential, newUser, type StoreTest } from './rows.ts';

export function administrationInStore(check: StoreTest): void {
  check('a KerberosDomain is published over an older one', async (store, other) => {
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

  check(
    'the policy of a user is the first for one of the groups, and a group with a policy stays',
    async (store, other) => {
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
    },
  );

  check('reports count the keys that were not removed', async (store, other) => {
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

  check('of two metadata BLOBs the one with the higher number stays', async (store, other) => {
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
}
