/** KerberosDomains, for administrators and for the connector of the domain. Keys come in here, and never go out. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { callerOf, principalOf } from '../access/guard.ts';
import { checkConnectorDomain, rightsOf, speaksFor } from '../access/principal.ts';
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

  // The rest is of one domain, which a connector speaks for as well as an administrator.
  const domain = '/kerberos-domains/:dnsName';
  const ofDomain = (request: FastifyRequest<{ Params: z.infer<typeof domainParams> }>) => {
    const dnsName = request.params.dnsName.toLowerCase();
    checkConnectorDomain(principalOf(request), dnsName);
    return dnsName;
  };
  const proberOf = (request: FastifyRequest) => ({
    ...callerOf(request),
    ownUsersOnly: rightsOf(principalOf(request)).includes('connector'),
  });
  const withBody = <T extends z.ZodType>(body: T) => ({
    schema: { params: domainParams, body },
    config: forConnectors,
  });
  app.put(`${domain}/pending-key`, withBody(newPendingKey), async (request) =>
    publishPendingKey(tenant, callerOf(request), ofDomain(request), request.body),
  );
  app.post(`${domain}/pending-key/activation`, withBody(keyActivation), async (request) =>
    activatePendingKey(tenant, callerOf(request), ofDomain(request), request.body),
  );
  app.delete(
    `${domain}/pending-key`,
    { schema: { params: domainParams }, config: forConnectors },
    async (request) => {
      await discardPendingKey(tenant, callerOf(request), ofDomain(request));
      return {};
    },
  );
  app.post(`${domain}/probes`, withBody(newProbe), async (request) =>
    makeProbe(tenant, proberOf(request), ofDomain(request), request.body),
  );
  app.post(`${domain}/probes/answer`, withBody(probeAnswer), async (request) =>
    readProbe(tenant, callerOf(request), ofDomain(request), request.body),
  );
}
