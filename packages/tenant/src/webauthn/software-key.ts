/** A software key has no hardware behind it: only a lab admits it, at registration and at every sign-in. */
import { SOFTWARE_KEY_AAGUID } from '@kennel/security-key';
import { TenantError } from '../errors.ts';
import type { Tenant } from '../tenant.ts';

/** @throws TenantError `software-key-refused` */
export function refuseSoftwareKey(tenant: Tenant, aaguid: string): void {
  if (aaguid.toLowerCase() === SOFTWARE_KEY_AAGUID.toLowerCase() && !tenant.config.lab) {
    throw new TenantError(
      'software-key-refused',
      'This tenant admits no software keys: they protect nothing once the computer is taken. Use a hardware security key.',
    );
  }
}
