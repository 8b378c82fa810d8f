/** Whether a user may sign in at this moment, and go on with what a sign-in gave: by the tenant's word and the directory's. */
import { TenantError } from '../errors.ts';
import type { UserRow } from '../store/schema.ts';
import { checkAccount } from '../sync/account.ts';
import type { Tenant } from '../tenant.ts';

/** @throws TenantError `user-disabled`, `account-*` */
export async function checkMaySignIn(tenant: Tenant, user: UserRow): Promise<void> {
  if (user.enabled !== 1) {
    throw new TenantError('user-disabled', 'Your account is disabled. Ask your administrator to enable it.');
  }
  await checkAccount(tenant, user);
}

/** The same as a question. */
export async function maySignIn(tenant: Tenant, user: UserRow): Promise<boolean> {
  try {
    await checkMaySignIn(tenant, user);
    return true;
  } catch (error) {
    if (error instanceof TenantError) return false;
    throw error;
  }
}
