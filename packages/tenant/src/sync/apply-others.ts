/** Groups with their members, and computers, of a batch. */
import { randomUUID } from 'node:crypto';
import { fold } from '../users/names.ts';
import { domainOfSid } from '../users/rules.ts';
import type { Applying } from './applying.ts';
import type { SyncComputer, SyncGroup, SyncMembers } from './schema.ts';

const BUILTIN = 'S-1-5-32';

/** A group is called DOMAIN\name, so that none of two domains, and none of the tenant's own, are taken for one another. */
export async function applyGroup(applying: Applying, group: SyncGroup): Promise<void> {
  const { store, domain, now } = applying;
  const prefix = domainOfSid(group.sid);
  if (prefix !== domain.domain_sid && prefix !== BUILTIN) {
    applying.problem(group, group.name, {
      code: 'sid-outside-domain',
      message: `The SID ${group.sid} is not of the domain ${domain.dns_name}.`,
    });
    return;
  }
  const displayName = `${domain.netbios_name}\\${group.name}`;
  const names = { display_name: displayName, name_folded: fold(displayName) };
  const known = await store
    .selectFrom('synced_groups')
    .selectAll()
    .where('domain', '=', domain.dns_name)
    .where('anchor', '=', group.anchor)
    .executeTakeFirst();
  const holder = await store
    .selectFrom('user_groups')
    .leftJoin('synced_groups', 'group_id', 'id')
    .select('id')
    .where((e) =>
      e.or([
        e('name_folded', '=', names.name_folded),
        e.and([e('synced_groups.domain', '=', domain.dns_name), e('synced_groups.sid', '=', group.sid)]),
      ]),
    )
    .where('id', '!=', known?.group_id ?? '')
    .executeTakeFirst();
  if (holder !== undefined) {
    applying.problem(group, displayName, {
      code: 'group-exists',
      message: `There is another group ${displayName} in the tenant, or one with its SID.`,
    });
    return;
  }
  const id = known?.group_id ?? randomUUID();
  if (known === undefined) {
    await store
      .insertInto('user_groups')
      .values({ id, ...names, created_on: now })
      .execute();
    await store
      .insertInto('synced_groups')
      .values({
        group_id: id,
        domain: domain.dns_name,
        anchor: group.anchor,
        version: group.version,
        sid: group.sid,
      })
      .execute();
  } else {
    await store.updateTable('user_groups').set(names).where('id', '=', id).execute();
    await store
      .updateTable('synced_groups')
      .set({ version: group.version, sid: group.sid })
      .where('group_id', '=', id)
      .execute();
  }
  applying.counts[known === undefined ? 'created' : 'updated'] += 1;
  applying.event(`sync.group-${known === undefined ? 'created' : 'updated'}`, `group:${id}`);
  applying.solved(group.anchor);
}

/** Brings one stretch of a group's members in step. */
export async function applyMembers(applying: Applying, given: SyncMembers): Promise<void> {
  const { store, domain } = applying;
  const { group, from, to } = given;
  const inStretch = store
    .selectFrom('synced_members')
    .select('member_anchor')
    .where('domain', '=', domain.dns_name)
    .where('group_anchor', '=', group)
    .where('member_anchor', '>=', from)
    .$if(to !== null, (query) => query.where('member_anchor', '<', to ?? ''));
  const before = new Set((await inStretch.execute()).map(({ member_anchor }) => member_anchor));
  const after = new Set(given.members.filter((anchor) => anchor >= from && (to === null || anchor < to)));
  const added = [...after].filter((anchor) => !before.has(anchor));
  const removed = [...before].filter((anchor) => !after.has(anchor));
  if (added.length > 0) {
    await store
      .insertInto('synced_members')
      .values(
        added.map((anchor) => ({ domain: domain.dns_name, group_anchor: group, member_anchor: anchor })),
      )
      .execute();
  }
  if (removed.length > 0) {
    await store
      .deleteFrom('synced_members')
      .where('domain', '=', domain.dns_name)
      .where('group_anchor', '=', group)
      .where('member_anchor', 'in', removed)
      .execute();
  }
}

/** A group that a policy is for stays, without members: its policy must not fall away unseen. */
export async function deleteSyncedGroup(applying: Applying, anchor: string): Promise<void> {
  const { store, domain } = applying;
  await store
    .deleteFrom('synced_members')
    .where('domain', '=', domain.dns_name)
    .where('group_anchor', '=', anchor)
    .execute();
  const row = await store
    .selectFrom('synced_groups')
    .leftJoin('key_policies', 'key_policies.group_id', 'synced_groups.group_id')
    .innerJoin('user_groups', 'user_groups.id', 'synced_groups.group_id')
    .select(['synced_groups.group_id', 'key_policies.id as policy', 'user_groups.display_name'])
    .where('domain', '=', domain.dns_name)
    .where('anchor', '=', anchor)
    .executeTakeFirst();
  if (row === undefined) return;
  if (row.policy !== null) {
    applying.problem({ kind: 'group', anchor }, row.display_name, {
      code: 'group-in-use',
      message: `${row.display_name} is gone from the directory and a policy is for it. Remove that policy.`,
    });
    return;
  }
  await store.deleteFrom('user_groups').where('id', '=', row.group_id).execute();
  applying.deleted('group');
  applying.event('sync.group-deleted', `group:${row.group_id}`);
  applying.solved(anchor);
}

export async function applyComputer(applying: Applying, computer: SyncComputer): Promise<void> {
  const { store, domain, now } = applying;
  if (domainOfSid(computer.sid) !== domain.domain_sid) {
    applying.problem(computer, computer.name, {
      code: 'sid-outside-domain',
      message: `The SID ${computer.sid} is not of the domain ${domain.dns_name}.`,
    });
    return;
  }
  const holders = await store
    .selectFrom('synced_computers')
    .select(['anchor', 'domain', 'sid'])
    .where((e) => e.or([e('anchor', '=', computer.anchor), e('sid', '=', computer.sid)]))
    .execute();
  if (holders.some((row) => row.domain !== domain.dns_name || row.anchor !== computer.anchor)) {
    applying.problem(computer, computer.name, {
      code: 'sid-taken',
      message: `Another computer in the tenant has the SID or the objectGUID of ${computer.name}.`,
    });
    return;
  }
  const row = {
    anchor: computer.anchor,
    domain: domain.dns_name,
    version: computer.version,
    sid: computer.sid,
    name: computer.name,
    enabled: Number(computer.enabled),
    operating_system: computer.operatingSystem,
    certificates: JSON.stringify(computer.certificates),
    synced_on: now,
  };
  await store
    .insertInto('synced_computers')
    .values(row)
    .onConflict((conflict) => conflict.column('anchor').doUpdateSet(row))
    .execute();
  applying.counts[holders.length === 0 ? 'created' : 'updated'] += 1;
  applying.event(
    `sync.computer-${holders.length === 0 ? 'created' : 'updated'}`,
    `device:${computer.anchor}`,
  );
  applying.solved(computer.anchor);
}

export async function deleteSyncedComputer(applying: Applying, anchor: string): Promise<void> {
  const { store, domain } = applying;
  const result = await store
    .deleteFrom('synced_computers')
    .where('domain', '=', domain.dns_name)
    .where('anchor', '=', anchor)
    .executeTakeFirst();
  if (result.numDeletedRows === 0n) return;
  applying.deleted('computer');
  applying.event('sync.computer-deleted', `device:${anchor}`);
  applying.solved(anchor);
}
