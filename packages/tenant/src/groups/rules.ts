/** Groups: named sets of users. A group that a policy is for stays until the policy is gone. */
import { randomUUID } from 'node:crypto';
import { TenantError } from '../errors.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import type { GroupRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { fold } from '../users/names.ts';
import { findUser } from '../users/rules.ts';
import * as queries from './queries.ts';
import type { Group, NewGroup } from './schema.ts';

/** @throws TenantError `group-exists` */
export async function createGroup(tenant: Tenant, by: Caller, { displayName }: NewGroup): Promise<Group> {
  const row: GroupRow = {
    id: randomUUID(),
    display_name: displayName,
    name_folded: fold(displayName),
    created_on: iso(tenant.now()),
  };
  await queries.insertGroup(tenant.store, row).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
    throw new TenantError('group-exists', `There is a group ${displayName} already. Choose another name.`);
  });
  await record(tenant, by, 'group.created', `group:${row.id}`);
  return toGroup({ ...row, members: 0 });
}

/** @throws TenantError `group-not-found` */
export async function findGroup(store: Store, name: string): Promise<GroupRow> {
  const row = await queries.groupByName(store, fold(name));
  if (row !== undefined) return row;
  throw new TenantError(
    'group-not-found',
    `There is no group ${name}. \`kennel group list\` shows them all.`,
  );
}

/** @throws TenantError `group-not-found`, `group-in-use` */
export async function removeGroup(tenant: Tenant, by: Caller, name: string): Promise<void> {
  const group = await findGroup(tenant.store, name);
  await refuseSynced(tenant.store, group);
  if (!(await queries.deleteGroup(tenant.store, group.id))) {
    throw new TenantError(
      'group-in-use',
      `A policy is for the group ${group.display_name}. Remove that policy first: its members would fall under another one.`,
    );
  }
  await record(tenant, by, 'group.deleted', `group:${group.id}`);
}

/** A member again changes nothing. @throws TenantError `group-not-found`, `user-not-found`, `user-ambiguous` */
export async function addMember(tenant: Tenant, by: Caller, name: string, userName: string): Promise<void> {
  const [group, user] = [await findGroup(tenant.store, name), await findUser(tenant.store, userName)];
  await refuseSynced(tenant.store, group);
  if (await queries.insertMember(tenant.store, group.id, user.id)) {
    await record(tenant, by, 'group.member-added', `group:${group.id} user:${user.id}`);
  }
}

/** Throws as {@link addMember}; who is no member stays none. */
export async function removeMember(
  tenant: Tenant,
  by: Caller,
  name: string,
  userName: string,
): Promise<void> {
  const [group, user] = [await findGroup(tenant.store, name), await findUser(tenant.store, userName)];
  await refuseSynced(tenant.store, group);
  if (await queries.deleteMember(tenant.store, group.id, user.id)) {
    await record(tenant, by, 'group.member-removed', `group:${group.id} user:${user.id}`);
  }
}

/** A group that comes from a directory has the members that it has there. */
async function refuseSynced(store: Store, group: GroupRow): Promise<void> {
  const domain = await queries.syncedFrom(store, group.id);
  if (domain === undefined) return;
  throw new TenantError(
    'synced-value',
    `${group.display_name} comes from ${domain}. Change it there; the next sync brings it.`,
  );
}

export const toGroup = (row: GroupRow & { members: number }): Group => ({
  id: row.id,
  displayName: row.display_name,
  members: row.members,
  createdOn: row.created_on,
});

function record(
  tenant: Tenant,
  by: Caller,
  event: `group.${'created' | 'deleted' | 'member-added' | 'member-removed'}`,
  subject: string,
): Promise<void> {
  return tenant.audit.record({ ...by, event, subject, outcome: 'allowed' });
}
