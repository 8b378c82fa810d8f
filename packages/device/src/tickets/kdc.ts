/** Where a realm's domain controllers are: as said, as remembered, or as DNS knows (RFC 4120 section 7.2.3.2). */
import { type KdcAddress, KerberosError, locateKdcs } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';

/**
 * The addresses to try, in this order; never an empty list.
 *
 * @param known the addresses that were given or remembered; DNS is asked where there are none
 * @throws DeviceError `dc-not-found`
 */
export async function kdcAddresses(
  realm: string,
  known: readonly KdcAddress[],
  resolve?: Parameters<typeof locateKdcs>[1],
): Promise<KdcAddress[]> {
  if (known.length > 0) return [...known];
  const notFound = (cause?: KerberosError) =>
    new DeviceError('dc-not-found', { about: realm, details: { ...cause?.details }, cause });
  const found = await locateKdcs(realm, resolve).catch((error: unknown) => {
    throw error instanceof KerberosError ? notFound(error) : error;
  });
  const overTcp = found.filter(({ tcp }) => tcp).map(({ host, port }) => ({ host, port }));
  if (overTcp.length === 0) throw notFound();
  return overTcp;
}
