/** The audit, over the admin socket: read and checked, never written. */
import type { Routes } from '../server/fastify.ts';
import type { AuditRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { newestLines } from './queries.ts';
import { verifyAudit } from './rules.ts';
import { type AuditLine, auditQuery } from './schema.ts';

export function auditRoutes(app: Routes, tenant: Tenant): void {
  app.get('/audit', { schema: { querystring: auditQuery } }, async ({ query }) =>
    (await newestLines(tenant.store, query.limit, query.before)).map(toLine),
  );
  app.get('/audit/verification', { schema: {} }, () => verifyAudit(tenant.store));
}

function toLine({ correlation_id: correlationId, previous_hash: _, ...row }: AuditRow): AuditLine {
  return { ...row, correlationId };
}
