/** Where a realm's domain controllers are: as said, as remembered, or as DNS knows (RFC 4120 section 7.2.3.2). */
import { resolveSrv } from '@kennel/active-directory';
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';

const AT_MOST = 8;

/**
 * The addresses to try, in this order; never an empty list.
 *
 * @param known the addresses that were given or remembered; DNS is asked where there are none
 * @throws DeviceError `dc-not-found`
 */
export async function kdcAddresses(
  realm: string,
  known: readonly KdcAddress[],
  resolve: (name: string) => ReturnType<typeof resolveSrv> = resolveSrv,
): Promise<KdcAddress[]> {
  if (known.length > 0) return [...known];
  const question = `_kerberos._tcp.${realm.toLowerCase()}`;
  const records = await resolve(question).catch((cause: NodeJS.ErrnoException) => {
    throw new DeviceError('dc-not-found', {
      about: `${question}: ${cause.code}`,
      details: { question },
      cause,
    });
  });
  const offered = records.filter(({ name }) => name !== '' && name !== '.'); // RFC 2782: a lone dot offers nothing
  if (offered.length === 0) throw new DeviceError('dc-not-found', { about: question, details: { question } });
  return offered
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .slice(0, AT_MOST)
    .map(({ name, port }) => ({ host: name, port }));
}
