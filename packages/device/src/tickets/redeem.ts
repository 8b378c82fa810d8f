/** From a partial TGT to a ticket cache, and the record of how it went. */
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import type { UserRecord } from '../state/user.ts';
import type { Stepper } from '../step.ts';
import { writeCcache } from './ccache.ts';
import { nameOfPlace } from './collection.ts';
import { exchange } from './exchange.ts';
import { kdcAddresses } from './kdc.ts';
import type { PartialTgt } from './partial-tgt.ts';

export interface Redeemed {
  /** The record as it is to be stored. */
  record: UserRecord;
  /** Why there is no full TGT. The partial one is kept then: what stands in the way may go away. */
  error?: DeviceError;
}

/**
 * Exchanges the partial TGT and writes the cache. Whatever the domain controller says, the PRT stays.
 *
 * @param by.primary whether programs are to use this cache where it lies beside others; else only if none is used
 */
export async function redeem(
  record: UserRecord,
  { credentials: partial }: Pick<PartialTgt, 'credentials'>,
  by: { kdcs: readonly KdcAddress[]; now: () => Date; step: Stepper; primary?: boolean },
): Promise<Redeemed> {
  const { realm } = partial.client;
  try {
    const kdcs = await kdcAddresses(realm, by.kdcs);
    const full = await by.step(
      'full-tgt',
      () => exchange(partial, kdcs, by.now),
      () => `A domain controller of ${realm} looked the user up, applied its own policy and gave a full TGT.`,
    );
    const ccache = await by.step(
      'ccache',
      () => writeCcache(record.ccache, full, { owner: record.ccacheOwner, primary: by.primary }),
      () => `Every Kerberos program finds it in ${nameOfPlace(record.ccache)}.`,
    );
    const { partialTgt: _redeemed, refusal: _over, ...rest } = record;
    const { client, endtime } = full.credentials;
    const ticket = {
      realm,
      principal: `${client.name.nameString.join('/')}@${client.realm}`,
      endTime: endtime.toISOString(),
      kdcTimeOffset: full.kdcTimeOffset,
      ccache,
    };
    return { record: { ...rest, ticket } };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { record: { ...record, refusal: { code: error.code, message: error.message } }, error };
  }
}
