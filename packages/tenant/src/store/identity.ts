/** Whose store it is: a store that belongs to another tenant, or to other security keys, is not served. */
import type { TenantConfig } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import type { Store } from './open.ts';

/**
 * Compares tenant and RP ID with those recorded; false where none are, in a new store.
 *
 * @throws TenantError `rp-id-changed`, `store-not-initialised` (it is another tenant's)
 */
export async function checkStoreIdentity(store: Store, config: TenantConfig): Promise<boolean> {
  const rows = await store.selectFrom('meta').selectAll().execute();
  const recorded = new Map(rows.map((row) => [row.name, row.value]));
  const tenantId = recorded.get('tenantId');
  const rpId = recorded.get('rpId');
  if (tenantId === undefined || rpId === undefined) return false;
  if (tenantId !== config.tenantId) {
    throw new TenantError(
      'store-not-initialised',
      'The store belongs to another tenant. Correct tenantId or store in config.json.',
      {
        tenantId,
      },
    );
  }
  if (rpId !== config.rpId) {
    throw new TenantError(
      'rp-id-changed',
      `The keys in the store are registered for the RP ID ${rpId}, and would all stop working under ${config.rpId}. Put rpId back in config.json, or begin a new store.`,
      {
        recorded: rpId,
        configured: config.rpId,
      },
    );
  }
  return true;
}

/** Records them, once. */
export async function recordStoreIdentity(store: Store, { tenantId, rpId }: TenantConfig): Promise<void> {
  await store
    .insertInto('meta')
    .values([
      { name: 'tenantId', value: tenantId },
      { name: 'rpId', value: rpId },
    ])
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}
