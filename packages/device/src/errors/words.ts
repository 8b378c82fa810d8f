/** How an error is told, and the advice that many of them share. */
export interface Words {
  readonly message: string;
  readonly next: string;
}

export const AGAIN = 'Sign in again.';
export const REJOIN = 'Join this device again.';
export const AGAIN_OR_REJOIN = `${AGAIN} If it persists: ${REJOIN}`;
export const ADMIN_LOG = "Ask your administrator to look at the tenant's log.";
