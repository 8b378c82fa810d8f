/**
 * What ends offline sign-in at the next contact: a refusal by the tenant itself. Whoever is removed, disabled or revoked
 * there is not let in here any more; a tenant that cannot be reached, or fails, says nothing of the kind.
 */
import { DeviceError } from '../errors/device-error.ts';
import { ACCOUNT_REFUSALS, DEVICE_REFUSALS, KEY_POLICY_REFUSALS, USER_REFUSALS } from '../errors/refusals.ts';
import { listCaches, removeAllCaches, removeCache } from './cache.ts';

/** Of the key or the user. */
const OF_USER = { ...USER_REFUSALS, ...KEY_POLICY_REFUSALS, ...ACCOUNT_REFUSALS };

/**
 * Deletes the caches that a refusal ends.
 *
 * @param about the user whose token was refused, or the credential that signed
 */
export function stopOffline(
  stateDir: string,
  error: unknown,
  about: { upn?: string; credentialId?: string | undefined },
): void {
  if (!(error instanceof DeviceError) || typeof error.details.httpStatus !== 'number') return;
  if (Object.hasOwn(DEVICE_REFUSALS, error.code)) removeAllCaches(stateDir); // nobody's is good any more
  if (!Object.hasOwn(OF_USER, error.code)) return;
  for (const { user, credential } of listCaches(stateDir)) {
    if (user.upn === about.upn || credential.id === about.credentialId) removeCache(stateDir, user.upn);
  }
}
