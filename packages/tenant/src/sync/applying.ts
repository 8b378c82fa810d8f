/** What the rules for each kind of object know of the batch that is being applied. */
import type { AuditEventName } from '../audit/rules.ts';
import type { Store } from '../store/open.ts';
import type { SyncDomainRow } from '../store/sync-rows.ts';
import type { SyncCounts, SyncedKind } from './schema.ts';

export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** A batch while it is applied. `store` is its transaction. */
export interface Applying {
  readonly store: Store;
  readonly domain: SyncDomainRow;
  readonly now: string;
  readonly counts: SyncCounts;
  event(name: AuditEventName, subject: string): void;
  problem(of: { kind: string; anchor: string }, name: string, problem: Problem): void;
  solved(anchor: string): void;
  /** @throws TenantError `sync-too-many-deletions`: the guard */
  deleted(kind: SyncedKind): void;
}
