/** Whether a user may sign in at this moment, and go on with what a sign-in gave: by the tenant's word and the directory's. */
import { TenantError } from '../errors.ts';
import type { UserRow } from '../store/schema.ts';
import { checkAccount } from '../sync/account.ts';
import { type SyncedAccount, syncedAccount } from '../sync/queries.ts';
import type { Tenant } from '../tenant.ts';

/** @throws TenantError `user-disabled`, `account-*` */
export async function checkMaySignIn(tenant: Tenant, user: UserRow): Promise<void> {
  checkAllowed(tenant, user, await syncedAccount(tenant.store, user.id));
}

/**
 * The same, where the directory's account of the user was read already.
 *
 * @throws TenantError `user-disabled`, `account-*`
 */
export function checkAllowed(tenant: Tenant, user: UserRow, account: SyncedAccount | undefined): void {
  if (user.enabled !== 1) {
    throw new TenantError('user-disabled', 'Your account is disabled. Ask your administrator to enable it.');
  }
  checkAccount(tenant, account);
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
