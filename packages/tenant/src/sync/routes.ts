/** Sync: what a connector sends, and what administrators see and set. */
import { z } from 'zod';
import { callerOf, principalOf } from '../access/guard.ts';
import { checkConnectorDomain } from '../access/principal.ts';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { applyBatch } from './apply.ts';
import { forgetDomain } from './forget.ts';
import { syncDomain, versionsOf } from './queries.ts';
import * as runs from './runs.ts';
import { BATCH_LIMIT, newRun, runEnd, settingsChanges, syncBatch, versionsQuery } from './schema.ts';
import { changeSettings } from './settings.ts';

const runParams = z.object({ run: z.guid().toLowerCase() });
const domainParams = z.object({ domain: z.string().min(1).max(253) });
const runsQuery = z.object({
  domain: z.string().max(253).toLowerCase().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});

export function syncRoutes(app: Routes, tenant: Tenant): void {
  const connector = { access: ['connector'] } as const;

  app.post('/sync/runs', { schema: { body: newRun }, config: connector }, async (request) => {
    checkConnectorDomain(principalOf(request), request.body.dnsName);
    return runs.beginRun(tenant, callerOf(request), request.body);
  });
  app.post(
    '/sync/runs/:run/batches',
    { schema: { params: runParams, body: syncBatch }, config: connector, bodyLimit: BATCH_LIMIT },
    async (request) => {
      const domain = runs.domainOf(principalOf(request));
      const by = callerOf(request);
      try {
        return await applyBatch(tenant, by, { runId: request.params.run, domain, batch: request.body });
      } catch (error) {
        if (error instanceof TenantError) {
          const subject = `domain:${domain} run:${request.params.run}`;
          await tenant.audit.record({
            ...by,
            event: 'sync.refused',
            subject,
            outcome: 'denied',
            reason: error.code,
          });
        }
        throw error;
      }
    },
  );
  app.post(
    '/sync/runs/:run/end',
    { schema: { params: runParams, body: runEnd }, config: connector },
    async (request) =>
      runs.endRun(tenant, callerOf(request), {
        ...request.body,
        runId: request.params.run,
        domain: runs.domainOf(principalOf(request)),
      }),
  );
  app.get('/sync/state', { schema: {}, config: connector }, async (request) => ({
    state: (await syncDomain(tenant.store, runs.domainOf(principalOf(request))))?.state ?? null,
  }));
  app.get('/sync/versions', { schema: { querystring: versionsQuery }, config: connector }, async (request) =>
    versionsOf(tenant.store, { ...request.query, domain: runs.domainOf(principalOf(request)) }),
  );

  app.get('/sync/domains', { schema: {} }, () => runs.listSyncDomains(tenant));
  app.get('/sync/runs', { schema: { querystring: runsQuery } }, ({ query }) =>
    runs.listRuns(tenant, query.domain, query.limit),
  );
  app.delete('/sync/domains/:domain', { schema: { params: domainParams } }, (request) =>
    forgetDomain(tenant, callerOf(request), request.params.domain),
  );
  app.patch(
    '/sync/domains/:domain/settings',
    { schema: { params: domainParams, body: settingsChanges }, config: { fresh: true } },
    async (request) => {
      const { domain } = request.params;
      return runs.toDomain(tenant, await changeSettings(tenant, callerOf(request), domain, request.body));
    },
  );
}
