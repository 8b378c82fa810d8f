/** Clients: invited, listed and revoked by administrators; enrolled over the network with an invitation's token. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import * as rules from './rules.ts';
import { enrolmentRequest, newInvitation } from './schema.ts';

const clientParams = z.object({ client: z.string().min(1).max(64) });

export function clientRoutes(app: Routes, tenant: Tenant): void {
  app.post('/client-invitations', { schema: { body: newInvitation }, config: { fresh: true } }, (request) =>
    rules.invite(tenant, callerOf(request), request.body),
  );
  app.get('/clients', { schema: {} }, () => rules.listClients(tenant));
  app.delete('/clients/:client', { schema: { params: clientParams } }, (request) =>
    rules.revokeClient(tenant, callerOf(request), request.params.client),
  );
}

/** On the public listener, for who has an invitation and nothing else. */
export function enrolmentRoutes(app: Routes, tenant: Tenant): void {
  app.post('/client-enrolment', { schema: { body: enrolmentRequest } }, (request) =>
    rules.enrol(tenant, { correlationId: request.id, source: request.ip }, request.body.request),
  );
}
