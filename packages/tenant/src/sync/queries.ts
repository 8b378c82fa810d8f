/** The tables of sync: domains, runs, versions and problems. What a batch writes stands in `apply-*`. */
import { batchedLookup } from '../store/batch.ts';
import type { Store } from '../store/open.ts';
import type { SyncDomainRow, SyncedComputerRow, SyncedUserRow, SyncRunRow } from '../store/sync-rows.ts';
import type { KnownVersion, SyncedKind } from './schema.ts';

export const syncDomain = batchedLookup<SyncDomainRow>(
  (store, names) => store.selectFrom('sync_domains').selectAll().where('dns_name', 'in', names).execute(),
  (row) => row.dns_name,
);

export function syncDomains(store: Store): Promise<SyncDomainRow[]> {
  return store.selectFrom('sync_domains').selectAll().orderBy('dns_name').execute();
}

export async function insertDomain(store: Store, row: SyncDomainRow): Promise<void> {
  await store.insertInto('sync_domains').values(row).execute();
}

export async function updateDomain(
  store: Store,
  dnsName: string,
  changes: Partial<SyncDomainRow>,
): Promise<void> {
  await store.updateTable('sync_domains').set(changes).where('dns_name', '=', dnsName).execute();
}

/** @returns false where the settings are not those of `before` any more */
export async function replaceSettings(
  store: Store,
  before: SyncDomainRow,
  after: SyncDomainRow,
): Promise<boolean> {
  const result = await store
    .updateTable('sync_domains')
    .set({ settings: after.settings })
    .where('dns_name', '=', before.dns_name)
    .where('settings', '=', before.settings)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Synced groups of a domain that a policy is for. */
export function groupsWithPolicy(store: Store, domain: string): Promise<{ display_name: string }[]> {
  return store
    .selectFrom('synced_groups')
    .innerJoin('key_policies', 'key_policies.group_id', 'synced_groups.group_id')
    .innerJoin('user_groups', 'user_groups.id', 'synced_groups.group_id')
    .select('user_groups.display_name')
    .where('synced_groups.domain', '=', domain)
    .execute();
}

/** With its users, groups, computers, runs and problems; all or nothing. */
export async function deleteDomain(store: Store, domain: string): Promise<void> {
  await store.transaction().execute(async (transaction) => {
    await transaction
      .deleteFrom('users')
      .where((e) =>
        e('id', 'in', e.selectFrom('synced_users').select('user_id').where('domain', '=', domain)),
      )
      .execute();
    await transaction
      .deleteFrom('user_groups')
      .where((e) =>
        e('id', 'in', e.selectFrom('synced_groups').select('group_id').where('domain', '=', domain)),
      )
      .execute();
    await transaction.deleteFrom('sync_domains').where('dns_name', '=', domain).execute();
  });
}

export function runById(store: Store, id: string): Promise<SyncRunRow | undefined> {
  return store.selectFrom('sync_runs').selectAll().where('id', '=', id).executeTakeFirst();
}

export function runningOf(store: Store, domain: string): Promise<SyncRunRow | undefined> {
  return store
    .selectFrom('sync_runs')
    .selectAll()
    .where('domain', '=', domain)
    .where('outcome', '=', 'running')
    .executeTakeFirst();
}

export async function insertRun(store: Store, row: SyncRunRow): Promise<void> {
  await store.insertInto('sync_runs').values(row).execute();
}

export async function updateRun(store: Store, id: string, changes: Partial<SyncRunRow>): Promise<void> {
  await store.updateTable('sync_runs').set(changes).where('id', '=', id).execute();
}

/** The newest first, of one domain or of all. */
export function listRuns(store: Store, domain: string | undefined, limit: number): Promise<SyncRunRow[]> {
  return store
    .selectFrom('sync_runs')
    .selectAll()
    .$if(domain !== undefined, (query) => query.where('domain', '=', domain ?? ''))
    .orderBy('started_on', 'desc')
    .limit(limit)
    .execute();
}

export function lastCompleted(store: Store, domain: string): Promise<SyncRunRow | undefined> {
  return store
    .selectFrom('sync_runs')
    .selectAll()
    .where('domain', '=', domain)
    .where('outcome', '=', 'completed')
    .orderBy('started_on', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Runs are kept for 90 days; the last completed one stays. */
export async function purgeRuns(store: Store, before: string): Promise<void> {
  await store
    .deleteFrom('sync_runs')
    .where('started_on', '<', before)
    .where('outcome', '!=', 'running')
    .where((e) =>
      e(
        'started_on',
        '<',
        e
          .selectFrom('sync_runs as newer')
          .whereRef('newer.domain', '=', 'sync_runs.domain')
          .where('newer.outcome', '=', 'completed')
          .select(({ fn }) => fn.max('newer.started_on').as('last')),
      ),
    )
    .execute();
}

const TABLES = { user: 'synced_users', group: 'synced_groups', computer: 'synced_computers' } as const;

/** A page of what is there, in the order of the anchors. A deleted user is not there. */
export function versionsOf(
  store: Store,
  { kind, domain, after, limit }: { kind: SyncedKind; domain: string; after: string; limit: number },
): Promise<KnownVersion[]> {
  return store
    .selectFrom(TABLES[kind])
    .select(['anchor', 'version'])
    .where('domain', '=', domain)
    .where('anchor', '>', after)
    .$if(kind === 'user', (query) => query.where('deleted_on' as 'anchor', 'is', null)) // the users' table has it
    .orderBy('anchor')
    .limit(limit)
    .execute();
}

export async function countKnown(store: Store, domain: string): Promise<Record<SyncedKind, number>> {
  const counts = { user: 0, group: 0, computer: 0 };
  for (const kind of Object.keys(TABLES) as SyncedKind[]) {
    const row = await store
      .selectFrom(TABLES[kind])
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('domain', '=', domain)
      .$if(kind === 'user', (query) => query.where('deleted_on' as 'anchor', 'is', null))
      .executeTakeFirstOrThrow();
    counts[kind] = Number(row.count);
  }
  return counts;
}

export function problemsOf(store: Store, domain: string, limit: number) {
  return store
    .selectFrom('sync_problems')
    .selectAll()
    .where('domain', '=', domain)
    .orderBy('found_on')
    .limit(limit)
    .execute();
}

/** The directory's account of a user, with what its domain says of all of them. */
export type SyncedAccount = SyncedUserRow & Pick<SyncDomainRow, 'domain_sid' | 'settings'>;

const accounts = (store: Store) =>
  store
    .selectFrom('synced_users')
    .innerJoin('sync_domains', 'sync_domains.dns_name', 'synced_users.domain')
    .selectAll('synced_users')
    .select(['sync_domains.domain_sid', 'sync_domains.settings']);

export const syncedAccount = batchedLookup<SyncedAccount>(
  (store, ids) => accounts(store).where('synced_users.user_id', 'in', ids).execute(),
  (row) => row.user_id,
);

export const syncedUser = batchedLookup<SyncedUserRow>(
  (store, ids) => store.selectFrom('synced_users').selectAll().where('user_id', 'in', ids).execute(),
  (row) => row.user_id,
);

/** Forgets users that were deleted in their domain before that time, with their keys. */
export async function purgeDeletedUsers(store: Store, before: string): Promise<void> {
  await store
    .deleteFrom('users')
    .where((e) =>
      e('id', 'in', e.selectFrom('synced_users').select('user_id').where('deleted_on', '<', before)),
    )
    .execute();
}

/** The computer of an objectGUID. */
export function syncedComputer(store: Store, anchor: string): Promise<SyncedComputerRow | undefined> {
  return store.selectFrom('synced_computers').selectAll().where('anchor', '=', anchor).executeTakeFirst();
}
