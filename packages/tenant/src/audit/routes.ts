/** The audit, over the admin socket: read and checked, never written. */
import { z } from 'zod';
import type { Routes } from '../server/fastify.ts';
import type { AuditRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { newestLines } from './queries.ts';
import { verifyAudit } from './rules.ts';

const auditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z.coerce.number().int().min(1).optional(),
});

/** A line of the audit as shown; `time` is ISO 8601 in UTC. */
export interface AuditLine {
  seq: number;
  time: string;
  event: string;
  actor: string;
  subject: string;
  outcome: string;
  reason: string;
  correlationId: string;
  hash: string;
}

export function auditRoutes(app: Routes, tenant: Tenant): void {
  app.get('/audit', { schema: { querystring: auditQuery } }, async ({ query }) =>
    (await newestLines(tenant.store, query.limit, query.before)).map(toLine),
  );
  app.get('/audit/verification', { schema: {} }, () => verifyAudit(tenant.store));
}

function toLine({ correlation_id: correlationId, previous_hash: _, ...row }: AuditRow): AuditLine {
  return { ...row, correlationId };
}
