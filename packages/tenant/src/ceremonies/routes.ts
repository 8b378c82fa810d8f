/** The log of ceremonies, for administrators: read, and told of by their commands. */
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { findUser } from '../users/rules.ts';
import { listCeremonies, recordCeremony } from './rules.ts';
import { ceremonyQuery, reportedStep } from './schema.ts';

export function ceremonyRoutes(app: Routes, tenant: Tenant): void {
  app.get('/ceremonies', { schema: { querystring: ceremonyQuery } }, ({ query }) =>
    listCeremonies(tenant, query),
  );
  app.post('/ceremonies', { schema: { body: reportedStep } }, async ({ body, id }) => {
    const { user, ...step } = body;
    const { id: userId } = await findUser(tenant.store, user);
    recordCeremony(tenant, { ...step, userId, traceId: id, purpose: 'key-registration' });
    return { traceId: id };
  });
}
