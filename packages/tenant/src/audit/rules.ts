/**
 * The audit trail: one line for each decision an auditor would ask about. Each line carries SHA-256 over the
 * line before it and its own content, so that a changed, removed or inserted line shows. (Lines cut off at the
 * end show only against a head that was noted elsewhere: `verify` returns it.)
 */
import { hash } from 'node:crypto';
import type { Store } from '../store/open.ts';
import type { AuditRow } from '../store/schema.ts';
import { linesAfter } from './queries.ts';
import type { AuditCheck } from './schema.ts';

/** Everything that can stand in the audit. */
export type AuditEventName =
  | 'tenant.started'
  | `user.${'created' | 'updated' | 'enabled' | 'disabled' | 'deleted'}`
  | `key.${'registered' | 'registration-refused' | 'removed'}`
  | `device.${'joined' | 'rejoined' | 'join-refused' | 'delete-refused' | 'enabled' | 'disabled' | 'deleted'}`
  | `kerberos-domain.${'published' | 'removed' | 'key-pending' | 'key-activated' | 'key-discarded'}`
  | `probe.${'minted' | 'answered' | 'refused'}`
  | 'key.counter-regressed'
  | `group.${'created' | 'deleted' | 'member-added' | 'member-removed'}`
  | `policy.${'updated' | 'removed' | 'reordered'}`
  | `pass.${'created' | 'removed' | 'redeemed' | 'refused'}`
  | `metadata.${'updated' | 'refused'}`
  | 'access.refused'
  | `sync.${'started' | 'completed' | 'failed' | 'interrupted' | 'refused' | 'settings-changed' | 'domain-forgotten'}`
  | `sync.user-${'created' | 'adopted' | 'updated' | 'restored' | 'deleted'}`
  | `sync.${'group' | 'computer'}-${'created' | 'updated' | 'deleted'}`
  | `client.${'invited' | 'enrolled' | 'enrolment-refused' | 'revoked'}`
  | `client-token.${'issued' | 'refused'}`
  | `sign-in.${'allowed' | 'refused'}`
  | `session.${'begun' | 'proof-renewed' | 'proof-refused' | 'ended'}`
  | `code.${'issued' | 'redeemed' | 'refused'}`
  | `refresh-token.${'redeemed' | 'refused'}`
  | `first-administrator.${'registered' | 'refused'}`
  | 'key.renamed'
  | 'user.role-changed'
  | 'user.signed-out'
  | `notice.${'sent' | 'failed'}`
  | 'refusals.aggregated'
  | `registration-token.${'issued' | 'refused'}`
  | `prt.${'issued' | 'refused' | 'renewed' | 'use-refused' | 'reuse-detected'}`
  | 'device-ca.changed'
  | 'access-token.issued'
  | `tgt.${'issued' | 'refused'}`;

export interface AuditEvent {
  event: AuditEventName;
  /** Who: `admin-socket`, `client:<name>`, `device:<id>`, `user:<id>`, `unknown`. */
  actor: string;
  /** On whom or what: `user:<id>`, `key:<credential id>`, ... */
  subject: string;
  outcome: 'allowed' | 'denied';
  /** A code of the registry of errors where it was denied, else empty. */
  reason?: string;
  correlationId: string;
}

/** Who did it, on what, and under which number: what the lines of one request share. */
export type Audited = Pick<AuditEvent, 'actor' | 'subject' | 'correlationId'>;

/** Stands before the first line. */
export const NO_HASH = '0'.repeat(64);

/** Reads the audit from its first line and checks that nothing was changed, removed or put in between. */
export async function verifyAudit(store: Store): Promise<AuditCheck> {
  let lines = 0;
  let head = NO_HASH;
  for (;;) {
    const page = await linesAfter(store, lines, 1000);
    for (const line of page) {
      if (line.seq !== lines + 1 || line.previous_hash !== head || line.hash !== hashOf(line)) {
        return { ok: false, lines, brokenAt: lines + 1 };
      }
      lines = line.seq;
      head = line.hash;
    }
    if (page.length === 0) return { ok: true, lines, head };
  }
}

export function hashOf(line: Omit<AuditRow, 'hash'>): string {
  const { seq, time, event, actor, subject, outcome, reason, correlation_id, previous_hash } = line;
  const content = [previous_hash, seq, time, event, actor, subject, outcome, reason, correlation_id];
  return hash('sha256', JSON.stringify(content), 'hex');
}
