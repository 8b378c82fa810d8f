/** The first segment of a path: which tenant is meant. There is one here, under several names. */
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import type { Tenant } from '../tenant.ts';

/** Path parameters of `/{tenant}/...`. */
export const tenantParams = z.object({ tenant: z.string().max(253).toLowerCase() });

/** @throws TenantError `tenant-unknown` unless it is `common`, the tenant's id, host name or RP ID, or one of `also` */
export function checkSegment(tenant: Tenant, segment: string, also: readonly string[] = []): void {
  const { tenantId, hostName, rpId } = tenant.config;
  if (!['common', tenantId, hostName, rpId, ...also].includes(segment)) {
    throw new TenantError(
      'tenant-unknown',
      'This server does not hold that tenant. Use `common`, its id, or its domain.',
    );
  }
}
