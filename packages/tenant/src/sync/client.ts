/** A connector's calls. */
import type { AdminTransport } from '../admin/calls.ts';
import type { AppliedBatch } from './apply.ts';
import type { KnownVersion, NewRun, RunEnd, SyncBatch, SyncedKind, SyncRun, SyncStart } from './schema.ts';

const PAGE = 5000;

export type ConnectorClient = ReturnType<typeof connectorClientOver>;

/** Every call throws TenantError: `tenant-not-running`, or the code with which the tenant refused. */
export function connectorClientOver(call: AdminTransport) {
  return {
    state: () => call<{ state: string | null }>('GET', '/sync/state'),
    begin: (given: NewRun) => call<SyncStart>('POST', '/sync/runs', given),
    push: (runId: string, batch: SyncBatch) =>
      call<AppliedBatch>('POST', `/sync/runs/${runId}/batches`, batch),
    end: (runId: string, end: RunEnd) => call<SyncRun>('POST', `/sync/runs/${runId}/end`, end),
    /** All objects of a kind that the tenant has of this domain, in the order of their anchors. */
    async *versions(kind: SyncedKind): AsyncGenerator<KnownVersion> {
      for (let after = ''; ; ) {
        const page = await call<KnownVersion[]>(
          'GET',
          `/sync/versions?kind=${kind}&limit=${PAGE}&after=${encodeURIComponent(after)}`,
        );
        yield* page;
        if (page.length < PAGE) return;
        after = page.at(-1)?.anchor ?? '';
      }
    },
  };
}
