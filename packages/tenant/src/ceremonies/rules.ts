/** Noting and reading the steps of ceremonies. */
import type { Tenant } from '../tenant.ts';
import { findUser } from '../users/rules.ts';
import { stepOf } from './events.ts';
import { type CeremonyEventWithUser, listCeremonyEvents } from './queries.ts';
import type { CeremonyEvent, CeremonyQuery, CeremonyStep } from './schema.ts';

/** Notes a step of a ceremony. It is written a moment later: nobody waits for it, and it never fails. */
export function recordCeremony(tenant: Pick<Tenant, 'ceremonies'>, step: CeremonyStep): void {
  tenant.ceremonies.record(step);
}

/** Steps, the newest first. @throws TenantError `user-not-found`, `user-ambiguous` */
export async function listCeremonies(tenant: Tenant, query: CeremonyQuery): Promise<CeremonyEvent[]> {
  const user = query.user === undefined ? undefined : await findUser(tenant.store, query.user);
  await tenant.ceremonies.flush();
  const rows = await listCeremonyEvents(tenant.store, query, user?.id);
  return rows.map((row) => toCeremonyEvent(tenant, row));
}

function toCeremonyEvent(tenant: Tenant, row: CeremonyEventWithUser): CeremonyEvent {
  return {
    id: row.id,
    time: row.time,
    event: row.event,
    step: stepOf(row.event),
    purpose: row.purpose,
    ceremony: row.ceremony,
    traceId: row.trace_id,
    userId: row.user_id,
    userPrincipalName: row.user_principal_name,
    credentialId: row.credential_id,
    aaGuid: row.aaguid,
    model: row.aaguid === null ? null : (tenant.metadata.model(row.aaguid)?.name ?? null),
    rpId: row.rp_id,
    origin: row.origin,
    reason: row.reason,
    clientError: row.client_error,
    elapsedMs: row.elapsed_ms,
    ctapStatus: row.ctap_status,
  };
}
