/**
 * Forgetting a domain: everything that its connector brought goes, users with their keys too. For a domain that was built
 * anew (its SIDs are others, and so are its users) or that is synced no more.
 */
import { TenantError } from '../errors.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import * as queries from './queries.ts';
import { ABANDONED_AFTER_SECONDS } from './runs.ts';
import type { SyncedKind } from './schema.ts';
import { existing } from './settings.ts';

/** @returns what went. @throws TenantError `sync-domain-not-found`, `sync-busy`, `group-in-use` */
export async function forgetDomain(
  tenant: Tenant,
  by: Caller,
  dnsName: string,
): Promise<Record<SyncedKind, number>> {
  const { store } = tenant;
  const { dns_name: domain } = await existing(store, dnsName);
  const running = await queries.runningOf(store, domain);
  if (running !== undefined && running.active_on > iso(later(tenant.now(), -ABANDONED_AFTER_SECONDS))) {
    throw new TenantError(
      'sync-busy',
      `${running.client} syncs ${domain} at this moment. Revoke that client, or stop it, and try again.`,
    );
  }
  const [used] = await queries.groupsWithPolicy(store, domain);
  if (used !== undefined) {
    throw new TenantError(
      'group-in-use',
      `A policy is for ${used.display_name}, which is of ${domain}. Remove that policy first: kennel policy remove "${used.display_name}"`,
    );
  }
  const counts = await queries.countKnown(store, domain);
  await queries.deleteDomain(store, domain);
  await tenant.audit.record({
    ...by,
    event: 'sync.domain-forgotten',
    subject: `domain:${domain} ${JSON.stringify(counts)}`,
    outcome: 'allowed',
  });
  return counts;
}
