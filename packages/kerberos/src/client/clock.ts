/** Clocks that differ: the KDC says its time in a KRB-ERROR, and the request is made once more by that clock. */
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { KrbErrorReply } from '../messages/krb-error.ts';

export interface ClockOptions {
  /** Milliseconds to add to this machine's clock, where it is known how far the KDC's is ahead. */
  kdcTimeOffset?: number;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
}

/**
 * Runs an exchange by the KDC's clock as far as known, and once more where the KDC says SKEW.
 * @param exchange gets the offset in milliseconds and the KDC's time by it
 */
export async function byClockOfKdc<T>(
  options: ClockOptions,
  exchange: (offset: number, now: Date) => Promise<T>,
): Promise<T> {
  const clock = options.now ?? (() => new Date());
  const by = (offset: number) => exchange(offset, new Date(clock().getTime() + offset));
  try {
    return await by(options.kdcTimeOffset ?? 0);
  } catch (error) {
    if (!(error instanceof KrbErrorReply) || error.errorCode !== KRB_ERROR_CODES.SKEW.code) throw error;
    return by(error.serverTime.getTime() - clock().getTime());
  }
}
