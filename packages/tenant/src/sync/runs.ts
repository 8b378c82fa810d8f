/**
 * Runs of a connector. A domain has one at a time; one that was killed is over five minutes after its last batch, or when
 * the same client begins another. Only the connector of a domain comes here, and it speaks for that domain alone.
 */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../access/principal.ts';
import type { AuditEventName } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { domainByName } from '../kerberos-domains/queries.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { SyncDomainRow, SyncRunRow } from '../store/sync-rows.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { NO_COUNTS, shown } from './apply.ts';
import * as queries from './queries.ts';
import {
  DEFAULT_SETTINGS,
  type newRun,
  type runEnd,
  type SyncDomain,
  type SyncProblem,
  type SyncRun,
  type SyncStart,
} from './schema.ts';
import { allowedAccounts, settingsOf } from './settings.ts';

/** A run of which nothing was heard for so long is over. */
export const ABANDONED_AFTER_SECONDS = 300;
const PROBLEMS_SHOWN = 1000;

/** The domain that this client is the connector of. */
export function domainOf(principal: Principal): string {
  if (principal.kind === 'client' && principal.scope.kind === 'connector') return principal.scope.domain;
  throw new TenantError('right-missing', 'Only the connector of a domain may sync it.');
}

/** @throws TenantError `outside-connector-domain`, `sync-domain-differs`, `sync-busy` */
export async function beginRun(
  tenant: Tenant,
  by: Caller,
  given: ReturnType<typeof newRun.parse>,
): Promise<SyncStart> {
  const { store } = tenant;
  const domain = await knownDomain(tenant, given);
  const now = tenant.now();
  const running = await queries.runningOf(store, given.dnsName);
  if (running !== undefined) {
    const abandoned = running.active_on < iso(later(now, -ABANDONED_AFTER_SECONDS));
    if (running.client !== by.actor && !abandoned) {
      throw new TenantError(
        'sync-busy',
        `${running.client} syncs ${given.dnsName} at this moment. Try again when it is done, or in five minutes if it died.`,
      );
    }
    await queries.updateRun(store, running.id, { outcome: 'interrupted', ended_on: iso(now) });
    await record(tenant, by, 'sync.interrupted', running);
  }
  const run: SyncRunRow = {
    id: randomUUID(),
    domain: given.dnsName,
    client: by.actor,
    mode: given.mode,
    outcome: 'running',
    sequence: 0,
    counts: JSON.stringify(NO_COUNTS),
    deletions_allowed: Number(given.allowDeletions),
    message: null,
    started_on: iso(now),
    active_on: iso(now),
    ended_on: null,
  };
  await queries.insertRun(store, run);
  await record(tenant, by, 'sync.started', run);
  const problems = await queries.problemsOf(store, given.dnsName, PROBLEMS_SHOWN);
  return {
    runId: run.id,
    state: domain.state,
    settings: settingsOf(domain),
    problems: problems.map(({ anchor, kind }) => ({ anchor, kind })),
  };
}

/** What a domain is called and its SID are told once, and stay; they are those of its KerberosDomain. */
async function knownDomain(
  tenant: Tenant,
  { dnsName, netbiosName, domainSid }: { dnsName: string; netbiosName: string; domainSid: string },
): Promise<SyncDomainRow> {
  const differs = (sid: string, remedy: string) =>
    new TenantError(
      'sync-domain-differs',
      `${dnsName} is known here with the SID ${sid}, and this directory says ${domainSid}. If it was built anew, have an administrator remove the old one: \`${remedy}\`.`,
    );
  const published = await domainByName(tenant.store, dnsName);
  if (published !== undefined && published.domain_sid !== domainSid)
    throw differs(
      published.domain_sid,
      `kennel kerberos-server remove --domain ${dnsName} --keep-domain-objects`,
    );
  const known = await queries.syncDomain(tenant.store, dnsName);
  if (known !== undefined) {
    if (known.domain_sid !== domainSid) throw differs(known.domain_sid, `kennel sync forget ${dnsName}`);
    return known;
  }
  const row: SyncDomainRow = {
    dns_name: dnsName,
    netbios_name: netbiosName,
    domain_sid: domainSid,
    settings: JSON.stringify(DEFAULT_SETTINGS),
    state: null,
  };
  await queries.insertDomain(tenant.store, row).catch((error: unknown) => {
    if (!isUniqueViolation(error)) throw error;
    throw new TenantError('sync-domain-differs', `The SID ${domainSid} is that of another domain here.`);
  });
  return row;
}

/** @throws TenantError `sync-run-over` */
export async function endRun(
  tenant: Tenant,
  by: Caller,
  { runId, domain, outcome, message }: ReturnType<typeof runEnd.parse> & { runId: string; domain: string },
): Promise<SyncRun> {
  const run = await queries.runById(tenant.store, runId);
  if (run?.domain !== domain || run.outcome !== 'running') {
    throw new TenantError('sync-run-over', 'This run is over, or was never begun.');
  }
  const ended = { outcome, message: message ?? null, ended_on: iso(tenant.now()) };
  await queries.updateRun(tenant.store, runId, ended);
  await record(tenant, by, `sync.${outcome}`, run);
  return toRun({ ...run, ...ended });
}

export async function listRuns(
  tenant: Tenant,
  domain: string | undefined,
  limit: number,
): Promise<SyncRun[]> {
  return (await queries.listRuns(tenant.store, domain, limit)).map(toRun);
}

export async function listSyncDomains(tenant: Tenant): Promise<SyncDomain[]> {
  const rows = await queries.syncDomains(tenant.store);
  return Promise.all(rows.map((row) => toDomain(tenant, row)));
}

export async function toDomain(tenant: Tenant, row: SyncDomainRow): Promise<SyncDomain> {
  const { store } = tenant;
  const [run] = await queries.listRuns(store, row.dns_name, 1);
  const problems = await queries.problemsOf(store, row.dns_name, PROBLEMS_SHOWN);
  return {
    dnsName: row.dns_name,
    netbiosName: row.netbios_name,
    domainSid: row.domain_sid,
    settings: settingsOf(row),
    allowedProtected: await allowedAccounts(store, row),
    known: await queries.countKnown(store, row.dns_name),
    problems: problems.map(({ found_on, ...problem }): SyncProblem => ({ ...problem, foundOn: found_on })),
    lastRun: run === undefined ? null : toRun(run),
    lastCompletedOn: (await queries.lastCompleted(store, row.dns_name))?.ended_on ?? null,
  };
}

const toRun = (row: SyncRunRow): SyncRun => ({
  id: row.id,
  domain: row.domain,
  client: row.client,
  mode: row.mode,
  outcome: row.outcome,
  batches: row.sequence,
  counts: shown(JSON.parse(row.counts)),
  message: row.message,
  startedOn: row.started_on,
  endedOn: row.ended_on,
});

function record(tenant: Tenant, by: Caller, event: AuditEventName, run: SyncRunRow): Promise<void> {
  const denied = event === 'sync.failed' || event === 'sync.interrupted';
  return tenant.audit.record({
    ...by,
    event,
    subject: `domain:${run.domain} run:${run.id} ${run.mode}`,
    outcome: denied ? 'denied' : 'allowed',
  });
}
