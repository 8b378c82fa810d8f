/**
 * Which addresses belong together. A key signs for a site only while this device speaks to that very site (as a
 * browser sees to it, W3C WebAuthn section 5.1.4.1): a false tenant cannot have it sign for another one.
 */
import { DeviceError } from '../errors/device-error.ts';

/** The origin of a tenant's address. @throws DeviceError `tenant-url-invalid` */
export function tenantOrigin(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw new DeviceError('tenant-url-invalid', { about: text });
  }
  return url.origin;
}

/**
 * Holds what a tenant says of itself against the address by which it was reached.
 *
 * @throws DeviceError `tenant-rp-id-foreign`, `tenant-origin-unlisted`
 */
export function checkSite(
  origin: string,
  said: { rpId: string; origins: string[]; endpoints: string[] },
): void {
  const { rpId, origins, endpoints } = said;
  const within = (address: string) => {
    const { hostname, protocol } = new URL(address);
    return protocol === 'https:' && (hostname === rpId || hostname.endsWith(`.${rpId}`));
  };
  const foreign = [origin, ...endpoints].find((address) => !within(address));
  if (foreign !== undefined) {
    const about = `it answers at ${new URL(foreign).origin} and asks for keys of ${rpId}`;
    throw new DeviceError('tenant-rp-id-foreign', { about, details: { origin, rpId, foreign } });
  }
  if (!origins.includes(origin)) {
    throw new DeviceError('tenant-origin-unlisted', { about: origin, details: { origin, origins } });
  }
}
