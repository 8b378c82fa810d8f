/**
 * What ends offline sign-in at the next contact: a refusal by the tenant itself. Whoever is removed, disabled or revoked
 * there is not let in here any more; a tenant that cannot be reached, or fails, says nothing of the kind.
 */
import { DeviceError } from '../errors/device-error.ts';
import type { DeviceErrorCode } from '../errors/table.ts';
import { listCaches, removeAllCaches, removeCache } from './cache.ts';

/** Of the key or the user. */
const OF_USER: readonly DeviceErrorCode[] = [
  'prt-unknown',
  'prt-reused',
  'prt-signature-invalid',
  'key-unknown',
  'key-removed',
  'key-counter-regressed',
  'software-key-refused',
  'attestation-required',
  'key-model-not-allowed',
  'key-model-revoked',
  'certification-too-low',
  'synced-not-allowed',
  'device-bound-not-allowed',
  'transport-not-allowed',
  'user-disabled',
  'account-deleted',
  'account-disabled-on-premises',
  'account-expired-on-premises',
  'account-locked-on-premises',
];
/** Of the device: nobody's cache is good any more. */
const OF_DEVICE: readonly DeviceErrorCode[] = [
  'device-unknown',
  'device-disabled',
  'certificate-foreign',
  'certificate-superseded',
  'certificate-expired',
];

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
  if (OF_DEVICE.includes(error.code)) removeAllCaches(stateDir);
  if (!OF_USER.includes(error.code)) return;
  for (const { user, credential } of listCaches(stateDir)) {
    if (user.upn === about.upn || credential.id === about.credentialId) removeCache(stateDir, user.upn);
  }
}
