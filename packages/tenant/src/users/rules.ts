/**
 * Users. Names are unique whatever their case; a SID belongs to one user, and its prefix is that of the
 * KerberosDomain it is said to be of: who could write another SID here would become that user at the DC.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditEventName } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { domainByName } from '../kerberos-domains/queries.ts';
import { deletePrtsOfUser } from '../prt/queries.ts';
import { endSignIns } from '../sessions/queries.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import type { UserRow } from '../store/schema.ts';
import { syncDomain, syncedUser } from '../sync/queries.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { fold } from './names.ts';
import * as queries from './queries.ts';
import type { NewUser, User, UserChanges } from './schema.ts';

/**
 * @throws TenantError `user-exists`, `sid-taken`, `sid-outside-domain`, `on-premises-incomplete`, `synced-value`
 */
export async function createUser(tenant: Tenant, by: Caller, given: NewUser): Promise<User> {
  const row: UserRow = {
    id: randomUUID(),
    user_principal_name: given.userPrincipalName,
    upn_folded: fold(given.userPrincipalName),
    display_name: given.displayName ?? given.userPrincipalName,
    enabled: 1,
    role: 'user',
    user_handle: randomBytes(32).toString('base64url'),
    on_premises_sid: given.onPremisesSecurityIdentifier ?? null,
    on_premises_sam_account_name: given.onPremisesSamAccountName ?? null,
    on_premises_domain_name: given.onPremisesDomainName ?? null,
    created_on: iso(tenant.now()),
  };
  await checkOnPremises(tenant.store, row);
  if (row.on_premises_domain_name !== null)
    await refuseSyncedDomain(tenant.store, row.on_premises_domain_name);
  await uniquely(tenant.store, row, () => queries.insertUser(tenant.store, row));
  await audited(tenant, by, 'user.created', row.id);
  return toUser(row);
}

/** Changes what is given; null takes an on-premises value away. Throws as {@link createUser}, and `user-not-found`. */
export async function updateUser(
  tenant: Tenant,
  by: Caller,
  name: string,
  changes: UserChanges,
): Promise<User> {
  const before = await findUser(tenant.store, name);
  if (Object.keys(changes).some((key) => key !== 'enabled')) await refuseSynced(tenant.store, before);
  const keep = <T>(value: T | undefined, old: T): T => (value === undefined ? old : value);
  const upn = keep(changes.userPrincipalName, before.user_principal_name);
  const after: UserRow = {
    ...before,
    user_principal_name: upn,
    upn_folded: fold(upn),
    display_name: keep(changes.displayName, before.display_name),
    enabled: changes.enabled === undefined ? before.enabled : Number(changes.enabled),
    on_premises_sid: keep(changes.onPremisesSecurityIdentifier, before.on_premises_sid),
    on_premises_sam_account_name: keep(changes.onPremisesSamAccountName, before.on_premises_sam_account_name),
    on_premises_domain_name: keep(changes.onPremisesDomainName, before.on_premises_domain_name),
  };
  await checkOnPremises(tenant.store, after);
  const domain = after.on_premises_domain_name;
  if (domain !== null && after.on_premises_sid !== before.on_premises_sid) {
    await refuseSyncedDomain(tenant.store, domain);
  }
  await uniquely(tenant.store, after, () => queries.updateUser(tenant.store, before.id, after));
  if (after.enabled !== before.enabled) {
    if (after.enabled === 0) await endSignIns(tenant.store, before.id);
    await audited(tenant, by, after.enabled === 1 ? 'user.enabled' : 'user.disabled', before.id);
  }
  if (Object.keys(changes).some((key) => key !== 'enabled'))
    await audited(tenant, by, 'user.updated', before.id);
  return toUser(after);
}

/** Makes somebody an administrator, or a user again. @throws TenantError `user-not-found` */
export async function setRole(
  tenant: Tenant,
  by: Caller,
  name: string,
  role: UserRow['role'],
): Promise<User> {
  const before = await findUser(tenant.store, name);
  await queries.updateUser(tenant.store, before.id, { role });
  await tenant.audit.record({
    ...by,
    event: 'user.role-changed',
    subject: `user:${before.id} role:${role}`,
    outcome: 'allowed',
  });
  return toUser({ ...before, role });
}

/**
 * Ends whatever the user is signed in to: sessions, refresh tokens, Primary Refresh Tokens on all devices. Tickets are the
 * domain's and end by themselves.
 *
 * @throws TenantError `user-not-found`
 */
export async function signOutEverywhere(tenant: Tenant, by: Caller, name: string): Promise<void> {
  const { id } = await findUser(tenant.store, name);
  await endSignIns(tenant.store, id);
  await deletePrtsOfUser(tenant.store, id);
  await audited(tenant, by, 'user.signed-out', id);
}

/** Removes the user with all keys and PRTs. @throws TenantError `user-not-found` */
export async function removeUser(tenant: Tenant, by: Caller, name: string): Promise<void> {
  const user = await findUser(tenant.store, name);
  await refuseSynced(tenant.store, user);
  const { id } = user;
  await queries.deleteUser(tenant.store, id);
  await audited(tenant, by, 'user.deleted', id);
}

/**
 * A user by id, by full name, or by the part before the @ where only one user has it.
 *
 * @throws TenantError `user-not-found`, `user-ambiguous`
 */
export async function findUser(store: Store, name: string): Promise<UserRow> {
  const folded = fold(name);
  const exact = (await queries.userById(store, folded)) ?? (await queries.userByUpn(store, folded));
  if (exact !== undefined) return exact;
  const [first, second] = folded.includes('@') ? [] : await queries.usersByShortName(store, folded);
  if (second !== undefined) {
    throw new TenantError(
      'user-ambiguous',
      `More than one user is called ${name}. Give the full name, with its @.`,
      { name },
    );
  }
  if (first !== undefined) return first;
  throw new TenantError('user-not-found', `There is no user ${name}. \`kennel user list\` shows them all.`, {
    name,
  });
}

/** The domain part of a SID: all but its last number. */
export const domainOfSid = (sid: string): string => sid.slice(0, sid.lastIndexOf('-'));

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    userPrincipalName: row.user_principal_name,
    displayName: row.display_name,
    enabled: row.enabled === 1,
    role: row.role,
    onPremisesSecurityIdentifier: row.on_premises_sid,
    onPremisesSamAccountName: row.on_premises_sam_account_name,
    onPremisesDomainName: row.on_premises_domain_name,
    createdOn: row.created_on,
  };
}

/** Names and SID of a user who comes from a directory are that directory's. */
async function refuseSynced(store: Store, user: UserRow): Promise<void> {
  const synced = await syncedUser(store, user.id);
  if (synced === undefined || synced.deleted_on !== null) return;
  throw new TenantError(
    'synced-value',
    `${user.user_principal_name} comes from ${synced.domain}. Change it there; the next sync brings it. Here you can disable and enable it.`,
  );
}

/** Only the connector of a domain gives its SIDs to users, once there is one. */
async function refuseSyncedDomain(store: Store, dnsName: string): Promise<void> {
  if ((await syncDomain(store, dnsName)) === undefined) return;
  throw new TenantError(
    'synced-value',
    `Users of ${dnsName} come from its connector, which alone gives them their SIDs. Add the user there, or look at its scope.`,
  );
}

async function checkOnPremises(store: Store, row: UserRow): Promise<void> {
  const {
    on_premises_sid: sid,
    on_premises_sam_account_name: sam,
    on_premises_domain_name: domainName,
  } = row;
  const given = [sid, sam, domainName].filter((value) => value !== null).length;
  if (given !== 0 && given !== 3) {
    throw new TenantError(
      'on-premises-incomplete',
      'onPremisesSecurityIdentifier, onPremisesSamAccountName and onPremisesDomainName belong together. Give all three, or none.',
    );
  }
  if (sid === null || domainName === null) return;
  const domain = await domainByName(store, domainName);
  if (domain !== undefined && domainOfSid(sid) !== domain.domain_sid) {
    throw new TenantError(
      'sid-outside-domain',
      `The SID ${sid} is not of the domain ${domainName}. Copy objectSid from that domain's directory.`,
      {
        sid,
        domainSid: domain.domain_sid,
      },
    );
  }
}

/** Runs a write, and says which of the unique values was taken. */
async function uniquely(store: Store, row: UserRow, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const holder =
      row.on_premises_sid === null ? undefined : await queries.userBySid(store, row.on_premises_sid);
    if (holder !== undefined && holder.id !== row.id) {
      throw new TenantError(
        'sid-taken',
        `The SID ${row.on_premises_sid} belongs to ${holder.user_principal_name}. A SID belongs to one user.`,
        {
          holder: holder.id,
        },
      );
    }
    throw new TenantError(
      'user-exists',
      `There is a user ${row.user_principal_name} already. Choose another name.`,
    );
  }
}

function audited(tenant: Tenant, by: Caller, event: AuditEventName, userId: string): Promise<void> {
  return tenant.audit.record({ ...by, event, subject: `user:${userId}`, outcome: 'allowed' });
}
