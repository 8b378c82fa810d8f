/** KerberosDomains, over the admin socket. Keys come in here, and never go out. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import * as rules from './rules.ts';
import { newKerberosDomain } from './schema.ts';

const domainParams = z.object({ dnsName: z.string().min(1).max(253) });

export function kerberosDomainRoutes(app: Routes, tenant: Tenant): void {
  app.post('/kerberos-domains', { schema: { body: newKerberosDomain } }, (request) =>
    rules.publishDomain(tenant, callerOf(request), request.body),
  );
  app.get('/kerberos-domains', { schema: {} }, () => rules.listKerberosDomains(tenant));
  app.delete('/kerberos-domains/:dnsName', { schema: { params: domainParams } }, async (request) => {
    await rules.removeKerberosDomain(tenant, callerOf(request), request.params.dnsName);
    return {};
  });
}
