/** Whether the state of an account lets it have a ticket ([MS-KILE] 3.3.5.7.8; protocol measured on Samba). */
import type { KrbErrorName } from '@kennel/kerberos';
import { KdcError } from './errors.ts';
import type { Account } from './realm.ts';

/**
 * @param disabled the code for a disabled account: an AS exchange answers CLIENT_REVOKED, a TGS exchange POLICY
 * @throws KdcError CLIENT_REVOKED, POLICY, NAME_EXP, KEY_EXPIRED
 */
export function checkAccount(account: Account, now: Date, disabled: KrbErrorName): void {
  if (!account.enabled) throw new KdcError(disabled, 'the account is disabled');
  if (account.lockedOut) throw new KdcError('CLIENT_REVOKED', 'the account is locked out');
  if (account.expiresAt && account.expiresAt <= now)
    throw new KdcError('NAME_EXP', 'the account has expired');
  if (account.mustChangePassword) throw new KdcError('KEY_EXPIRED', 'the password must be changed');
}
