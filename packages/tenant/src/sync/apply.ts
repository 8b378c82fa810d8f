/**
 * A batch of a run: all of it in one transaction, together with the state that belongs to it, or nothing. The same batch
 * again (its answer was lost) changes nothing.
 */
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import {
  applyComputer,
  applyGroup,
  applyMembers,
  deleteSyncedComputer,
  deleteSyncedGroup,
} from './apply-others.ts';
import { applyUsers, deleteSyncedUser } from './apply-users.ts';
import type { Applying, Problem } from './applying.ts';
import { countKnown, runById, syncDomain, updateDomain, updateRun } from './queries.ts';
import {
  DELETIONS_ALWAYS_ALLOWED,
  type SyncBatch,
  type SyncCounts,
  type SyncedKind,
  type SyncObject,
  type SyncSettings,
  type SyncUser,
} from './schema.ts';

export interface AppliedBatch {
  sequence: number;
  /** Of the whole run so far. */
  counts: SyncCounts;
}

/** Counts of a run, and how many of each kind it has deleted. */
export type RunCounts = SyncCounts & { gone: Record<SyncedKind, number> };

/**
 * @throws TenantError `sync-run-over`, `sync-out-of-order`, `sync-too-many-deletions`, `changed-meanwhile`
 */
export async function applyBatch(
  tenant: Tenant,
  by: Caller,
  {
    runId,
    domain: dnsName,
    batch,
  }: { runId: string; domain: string; batch: SyncBatch & { objects: SyncObject[] } },
): Promise<AppliedBatch> {
  const events: AuditEvent[] = [];
  const now = iso(tenant.now());
  const applied = await tenant.store
    .transaction()
    .execute(async (store) => {
      const run = await runById(store, runId);
      const domain = await syncDomain(store, dnsName);
      if (run?.domain !== dnsName || run.outcome !== 'running' || domain === undefined) {
        throw new TenantError('sync-run-over', 'This run is over, or was never begun. Begin a new one.');
      }
      const counts = JSON.parse(run.counts) as RunCounts; // we wrote it
      if (batch.sequence === run.sequence) return { sequence: run.sequence, counts: shown(counts) };
      if (batch.sequence !== run.sequence + 1) {
        throw new TenantError('sync-out-of-order', `Batch ${run.sequence + 1} is the next one of this run.`);
      }
      const before = await countBefore(store, dnsName, counts, batch.objects);
      const solved: string[] = [];
      const problems = new Map<string, { kind: string; name: string } & Problem>();
      const settings = JSON.parse(domain.settings) as SyncSettings; // we wrote it
      await applyObjects(
        {
          store,
          domain,
          now,
          counts,
          event: (event, subject) =>
            events.push({
              event,
              subject,
              actor: by.actor,
              correlationId: by.correlationId,
              outcome: 'allowed',
            }),
          problem: ({ kind, anchor }, name, problem) => problems.set(anchor, { kind, name, ...problem }),
          solved: (anchor) => solved.push(anchor),
          deleted: (kind) => {
            counts.deleted += 1;
            counts.gone[kind] += 1;
            if (run.deletions_allowed === 0) checkDeletions(counts.gone[kind], before[kind], kind, settings);
          },
        },
        batch.objects,
      );
      await recordProblems(store, dnsName, now, problems, solved);
      counts.problems += problems.size;
      if (batch.state !== undefined) await updateDomain(store, dnsName, { state: batch.state });
      await updateRun(store, runId, {
        sequence: batch.sequence,
        counts: JSON.stringify(counts),
        active_on: now,
      });
      return { sequence: batch.sequence, counts: shown(counts) };
    })
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new TenantError(
        'changed-meanwhile',
        'Users were changed at this very moment. Send the batch again.',
      );
    });
  if (events.length > 0) await tenant.audit.record(...events);
  return applied;
}

export const NO_COUNTS: RunCounts = {
  created: 0,
  updated: 0,
  deleted: 0,
  problems: 0,
  gone: { user: 0, group: 0, computer: 0 },
};

export const shown = ({ created, updated, deleted, problems }: SyncCounts): SyncCounts => ({
  created,
  updated,
  deleted,
  problems,
});

/** Counted only for a batch that deletes. */
async function countBefore(
  store: Store,
  domain: string,
  { gone }: RunCounts,
  objects: readonly SyncObject[],
): Promise<Record<SyncedKind, number>> {
  if (!objects.some(({ kind }) => kind === 'gone')) return { ...gone };
  const now = await countKnown(store, domain);
  return {
    user: now.user + gone.user,
    group: now.group + gone.group,
    computer: now.computer + gone.computer,
  };
}

/** What is gone goes first: names that it had are free for what comes. */
async function applyObjects(applying: Applying, objects: readonly SyncObject[]): Promise<void> {
  for (const each of objects) {
    if (each.kind !== 'gone') continue;
    if (each.of === 'user') await deleteSyncedUser(applying, each.anchor);
    if (each.of === 'group') await deleteSyncedGroup(applying, each.anchor);
    if (each.of === 'computer') await deleteSyncedComputer(applying, each.anchor);
  }
  await applyUsers(
    applying,
    objects.filter((each): each is SyncUser => each.kind === 'user'),
  );
  for (const each of objects) {
    if (each.kind === 'group') await applyGroup(applying, each);
    if (each.kind === 'members') await applyMembers(applying, each);
    if (each.kind === 'computer') await applyComputer(applying, each);
  }
}

/** @param before how many there were before this run deleted any */
function checkDeletions(
  gone: number,
  before: number,
  kind: SyncedKind,
  { deletionLimitPercent }: SyncSettings,
): void {
  if (gone <= DELETIONS_ALWAYS_ALLOWED || gone * 100 <= before * deletionLimitPercent) return;
  throw new TenantError(
    'sync-too-many-deletions',
    `This run would delete more than ${deletionLimitPercent} percent of the ${before} ${kind}s. Look at \`kennel sync preview\`; if it is right, run it with --allow-deletions.`,
    { gone, before },
  );
}

async function recordProblems(
  store: Store,
  domain: string,
  now: string,
  problems: ReadonlyMap<string, { kind: string; name: string } & Problem>,
  solved: readonly string[],
): Promise<void> {
  if (solved.length > 0) {
    await store
      .deleteFrom('sync_problems')
      .where('domain', '=', domain)
      .where('anchor', 'in', solved)
      .execute();
  }
  for (const [anchor, problem] of problems) {
    const row = { ...problem, name: problem.name.slice(0, 256), found_on: now };
    await store
      .insertInto('sync_problems')
      .values({ domain, anchor, ...row })
      .onConflict((conflict) => conflict.columns(['domain', 'anchor']).doUpdateSet({ ...problem }))
      .execute();
  }
}
