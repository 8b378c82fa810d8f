/** KerberosDomains, over the admin socket. Keys come in here, and never go out. */
import { z } from 'zod';
import { callerOf, principalOf } from '../access/guard.ts';
import { checkConnectorDomain, speaksFor } from '../access/principal.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { activatePendingKey, discardPendingKey, publishPendingKey } from './pending-key.ts';
import { makeProbe, readProbe } from './probe.ts';
import * as rules from './rules.ts';
import { keyActivation, newKerberosDomain, newPendingKey, newProbe, probeAnswer } from './schema.ts';

const domainParams = z.object({ dnsName: z.string().min(1).max(253) });

export function kerberosDomainRoutes(app: Routes, tenant: Tenant): void {
  const forConnectors = { access: ['administrator', 'connector'] } as const;
  app.post(
    '/kerberos-domains',
    { schema: { body: newKerberosDomain }, config: forConnectors },
    async (request) => {
      checkConnectorDomain(principalOf(request), request.body.dnsName);
      return rules.publishDomain(tenant, callerOf(request), request.body);
    },
  );
  app.get('/kerberos-domains', { schema: {}, config: forConnectors }, async (request) => {
    const principal = principalOf(request);
    const all = await rules.listKerberosDomains(tenant);
    return all.filter(({ dnsName }) => speaksFor(principal, dnsName));
  });
  app.delete('/kerberos-domains/:dnsName', { schema: { params: domainParams } }, async (request) => {
    await rules.removeKerberosDomain(tenant, callerOf(request), request.params.dnsName);
    return {};
  });

  const domain = '/kerberos-domains/:dnsName';
  app.put(`${domain}/pending-key`, { schema: { params: domainParams, body: newPendingKey } }, (request) =>
    publishPendingKey(tenant, callerOf(request), request.params.dnsName, request.body),
  );
  app.post(
    `${domain}/pending-key/activation`,
    { schema: { params: domainParams, body: keyActivation } },
    (request) => activatePendingKey(tenant, callerOf(request), request.params.dnsName, request.body),
  );
  app.delete(`${domain}/pending-key`, { schema: { params: domainParams } }, async (request) => {
    await discardPendingKey(tenant, callerOf(request), request.params.dnsName);
    return {};
  });
  app.post(`${domain}/probes`, { schema: { params: domainParams, body: newProbe } }, (request) =>
    makeProbe(tenant, callerOf(request), request.params.dnsName, request.body),
  );
  app.post(`${domain}/probes/answer`, { schema: { params: domainParams, body: probeAnswer } }, (request) =>
    readProbe(tenant, callerOf(request), request.params.dnsName, request.body),
  );
}
