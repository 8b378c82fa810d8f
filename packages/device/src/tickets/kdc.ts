/** Where a realm's domain controllers are: as said, as remembered, or as the locator finds them, the nearest writable one first. */
import {
  ActiveDirectoryError,
  type LocateOptions,
  locateDomainControllers,
} from '@kennel/active-directory/locator';
import { type KdcAddress, KerberosError, locateKdcs } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';

const KDC_PORT = 88;

/**
 * The addresses to try, in this order; never an empty list. Only a writable domain controller exchanges partial TGTs.
 *
 * @param known the addresses that were given or remembered; the locator is asked where there are none
 * @param by the locator, and who answers questions for SRV records; the system's DNS unless given
 * @throws DeviceError `dc-not-found`
 */
export async function kdcAddresses(
  realm: string,
  known: readonly KdcAddress[],
  by: { locate?: (realm: string) => Promise<KdcAddress[]>; resolve?: Parameters<typeof locateKdcs>[1] } = {},
): Promise<KdcAddress[]> {
  if (known.length > 0) return [...known];
  const located = await (by.locate ?? nearestFirst)(realm);
  if (located.length > 0) return located;
  // A realm that is found by Kerberos' own records alone.
  const notFound = (cause?: KerberosError) =>
    new DeviceError('dc-not-found', { about: realm, details: { ...cause?.details }, cause });
  const found = await locateKdcs(realm, by.resolve).catch((error: unknown) => {
    throw error instanceof KerberosError ? notFound(error) : error;
  });
  const overTcp = found.filter(({ tcp }) => tcp).map(({ host, port }) => ({ host, port }));
  if (overTcp.length === 0) throw notFound();
  return overTcp;
}

/** By the locator; none where it finds none. @param more e.g. the DNS servers to ask */
export async function nearestFirst(
  realm: string,
  more: Pick<LocateOptions, 'dnsServers'> = {},
): Promise<KdcAddress[]> {
  try {
    const found = await locateDomainControllers({
      domain: realm.toLowerCase(),
      require: ['kdc', 'writable'],
      timeout: 1_500,
      ...more,
    });
    return found.map(({ address }) => ({ host: address, port: KDC_PORT }));
  } catch (error) {
    if (error instanceof ActiveDirectoryError) return []; // the Kerberos records decide, and say what is wrong
    throw error;
  }
}
