/** What is asked of the audit, and how it is shown. */
import { z } from 'zod';

export const auditQuery = z.object({
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

/** The result of reading the whole chain again; `head` is worth noting somewhere else. */
export type AuditCheck =
  | { ok: true; lines: number; head: string }
  | { ok: false; lines: number; brokenAt: number };
