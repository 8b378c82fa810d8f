/**
 * What a device may do without the tenant: verify the key that signed in, for as many days as its user's policy says.
 * The existing brokers know nothing of it, so they are not told.
 */
import type { OfflineTerms } from '@kennel/prt';
import { keyPolicyOf } from '../policy/effective.ts';
import type { PrtRow, UserRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { credentialById } from '../webauthn/queries.ts';
import type { Asked } from './answer.ts';

/** Undefined for a client that does not read it, and for a sign-in in which no key of the tenant's took part. */
export async function offlineTerms(
  tenant: Tenant,
  by: { asked: Asked; user: UserRow; origin: Pick<PrtRow, 'credential_id'> },
): Promise<OfflineTerms | undefined> {
  const { credential_id: id } = by.origin;
  if (by.asked.mode !== 'gcm' || id === null) return undefined;
  const [key, { offlineDays: days }] = await Promise.all([
    credentialById(tenant.store, id),
    keyPolicyOf(tenant, by.user.id),
  ]);
  return key && { credential_id: id, public_key: key.public_key, days };
}
