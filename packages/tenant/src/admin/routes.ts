/** Everything that administrators and their programs may ask for, on the socket and over the network. */
import { auditRoutes } from '../audit/routes.ts';
import { ceremonyRoutes } from '../ceremonies/routes.ts';
import { clientRoutes } from '../clients/routes.ts';
import { deviceAdminRoutes } from '../devices/admin-routes.ts';
import { deviceCaStatus } from '../devices/ca-watch.ts';
import { groupRoutes } from '../groups/routes.ts';
import { kerberosDomainRoutes } from '../kerberos-domains/routes.ts';
import { metadataRoutes } from '../metadata/routes.ts';
import { passRoutes } from '../passes/routes.ts';
import { policyRoutes } from '../policy/routes.ts';
import { reportRoutes } from '../reports/routes.ts';
import type { Routes } from '../server/fastify.ts';
import { syncRoutes } from '../sync/routes.ts';
import { allowedOrigins, type Tenant } from '../tenant.ts';
import { userRoutes } from '../users/routes.ts';
import { keyRoutes } from '../webauthn/routes.ts';
import type { TenantStatus } from './schema.ts';

export function adminRoutes(app: Routes, tenant: Tenant): void {
  const { config } = tenant;
  app.get(
    '/status',
    { schema: {} },
    async (): Promise<TenantStatus> => ({
      tenantId: config.tenantId,
      tenantName: config.tenantName,
      url: tenant.publicUrl,
      rpId: config.rpId,
      origins: allowedOrigins(tenant),
      lab: config.lab,
      store: 'sqlite' in config.store ? 'sqlite' : 'postgresql',
      processId: process.pid,
      time: tenant.now().toISOString(),
      deviceCa: deviceCaStatus(tenant),
    }),
  );
  userRoutes(app, tenant);
  keyRoutes(app, tenant);
  deviceAdminRoutes(app, tenant);
  kerberosDomainRoutes(app, tenant);
  groupRoutes(app, tenant);
  policyRoutes(app, tenant);
  passRoutes(app, tenant);
  metadataRoutes(app, tenant);
  reportRoutes(app, tenant);
  ceremonyRoutes(app, tenant);
  auditRoutes(app, tenant);
  clientRoutes(app, tenant);
  syncRoutes(app, tenant);
}
