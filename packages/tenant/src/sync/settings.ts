/** What an administrator sets for a synced domain: the guard's share, lock-outs, and who is let through though protected. */
import { sql } from 'kysely';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import type { SyncDomainRow } from '../store/sync-rows.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { fold } from '../users/names.ts';
import { domainOfSid } from '../users/rules.ts';
import * as queries from './queries.ts';
import {
  ALLOWED_PROTECTED_LIMIT,
  type AllowedAccount,
  DEFAULT_SETTINGS,
  type SyncSettings,
  type settingsChanges,
} from './schema.ts';

const BUILTIN = 'S-1-5-32';

export const settingsOf = (row: Pick<SyncDomainRow, 'settings'>): SyncSettings => ({
  ...DEFAULT_SETTINGS,
  ...(JSON.parse(row.settings) as Partial<SyncSettings>), // we wrote it
});

/**
 * @throws TenantError `sync-domain-not-found`, `synced-account-not-found`, `sid-outside-domain`, `too-many-allowed`,
 *   `changed-meanwhile`
 */
export async function changeSettings(
  tenant: Tenant,
  by: Caller,
  dnsName: string,
  { allowProtected = [], denyProtected = [], ...values }: ReturnType<typeof settingsChanges.parse>,
): Promise<SyncDomainRow> {
  const { store } = tenant;
  const row = await existing(store, dnsName);
  const before = settingsOf(row);
  const allow = await sidsOf(store, row, allowProtected);
  const deny = await sidsOf(store, row, denyProtected);
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const allowedProtected = [...new Set([...before.allowedProtected, ...allow])].filter(
    (sid) => !deny.includes(sid),
  );
  if (allowedProtected.length > ALLOWED_PROTECTED_LIMIT) {
    throw new TenantError(
      'too-many-allowed',
      `${ALLOWED_PROTECTED_LIMIT} groups and users at most are let through. Allow one group that has them as members.`,
    );
  }
  const after = { ...row, settings: JSON.stringify({ ...before, ...given, allowedProtected }) };
  if (!(await queries.replaceSettings(store, row, after))) {
    throw new TenantError(
      'changed-meanwhile',
      `The settings of ${row.dns_name} were changed by another command at the same time. Run this one again.`,
    );
  }
  const told = {
    ...given,
    ...(allow.length > 0 ? { allowProtected: allow } : {}),
    ...(deny.length > 0 ? { denyProtected: deny } : {}),
  };
  await tenant.audit.record({
    ...by,
    event: 'sync.settings-changed',
    subject: `domain:${row.dns_name} ${JSON.stringify(told)}`,
    outcome: 'allowed',
  });
  return after;
}

/** @throws TenantError `sync-domain-not-found` */
export async function existing(store: Store, dnsName: string): Promise<SyncDomainRow> {
  const row = await queries.syncDomain(store, dnsName.toLowerCase());
  if (row !== undefined) return row;
  throw new TenantError(
    'sync-domain-not-found',
    `${dnsName} was never synced. \`kennel sync status\` shows the domains that were.`,
  );
}

/** SIDs are taken as they are: what was just made in the directory may not be synced yet. */
async function sidsOf(store: Store, domain: SyncDomainRow, names: readonly string[]): Promise<string[]> {
  const sids: string[] = [];
  for (const name of names) {
    const sid = /^S-1-/i.test(name) ? name.toUpperCase() : await sidOfName(store, domain, name);
    if (domainOfSid(sid) !== domain.domain_sid && domainOfSid(sid) !== BUILTIN) {
      throw new TenantError('sid-outside-domain', `The SID ${sid} is not of the domain ${domain.dns_name}.`);
    }
    sids.push(sid);
  }
  return sids;
}

/** A group by its name, with or without DOMAIN\ before it; a user by that or the user principal name. */
async function sidOfName(store: Store, domain: SyncDomainRow, name: string): Promise<string> {
  const prefix = `${domain.netbios_name}\\`;
  const bare = fold(name).startsWith(fold(prefix)) ? name.slice(prefix.length) : name;
  const group = await store
    .selectFrom('synced_groups')
    .innerJoin('user_groups', 'user_groups.id', 'synced_groups.group_id')
    .select('synced_groups.sid')
    .where('synced_groups.domain', '=', domain.dns_name)
    .where('user_groups.name_folded', '=', fold(prefix + bare))
    .executeTakeFirst();
  if (group !== undefined) return group.sid;
  const user = await store
    .selectFrom('synced_users')
    .innerJoin('users', 'users.id', 'synced_users.user_id')
    .select('users.on_premises_sid')
    .where('synced_users.domain', '=', domain.dns_name)
    .where('synced_users.deleted_on', 'is', null)
    .where((e) =>
      e.or([
        e('users.upn_folded', '=', fold(bare)),
        e(sql`lower(users.on_premises_sam_account_name)`, '=', bare.toLowerCase()),
      ]),
    )
    .executeTakeFirst();
  if (user !== undefined && user.on_premises_sid !== null) return user.on_premises_sid;
  throw new TenantError(
    'synced-account-not-found',
    `Sync has brought no group and no user "${name}" from ${domain.dns_name}. Look at \`kennel group list\`, sync once more, or give its SID.`,
  );
}

/** The names of those who are let through. */
export async function allowedAccounts(store: Store, domain: SyncDomainRow): Promise<AllowedAccount[]> {
  const sids = settingsOf(domain).allowedProtected;
  if (sids.length === 0) return [];
  const groups = await store
    .selectFrom('synced_groups')
    .innerJoin('user_groups', 'user_groups.id', 'synced_groups.group_id')
    .select(['synced_groups.sid as sid', 'user_groups.display_name as name'])
    .where('synced_groups.domain', '=', domain.dns_name)
    .where('synced_groups.sid', 'in', sids)
    .execute();
  const users = await store
    .selectFrom('users')
    .select(['on_premises_sid as sid', 'user_principal_name as name'])
    .where('on_premises_sid', 'in', sids)
    .execute();
  const names = new Map([...groups, ...users].map(({ sid, name }) => [sid, name]));
  return sids.map((sid) => ({ sid, name: names.get(sid) ?? null }));
}
