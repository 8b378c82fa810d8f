/** What MIT's and Heimdal's programs must know of the realm (krb5.conf(5)), for a file of its own or an include directory. */
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';

export interface Krb5ConfOptions {
  realm: string;
  kdc: KdcAddress | readonly KdcAddress[];
  /** Hosts of the realm whose names do not end in its own. */
  hosts?: readonly string[];
}

const NAME = /^[A-Za-z0-9._:-]+$/;

/** @throws DeviceError `dc-not-found` where a name could not stand in such a file */
export function krb5Conf({ realm, kdc, hosts = [] }: Krb5ConfOptions): string {
  const kdcs = 'host' in kdc ? [kdc] : kdc;
  const strange = [realm, ...hosts, ...kdcs.map(({ host }) => host)].find((name) => !NAME.test(name));
  if (strange !== undefined) throw new DeviceError('dc-not-found', { about: JSON.stringify(strange) });
  const domain = realm.toLowerCase();
  const address = ({ host, port }: KdcAddress) => `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return [
    '[libdefaults]',
    `    default_realm = ${realm}`,
    '    dns_lookup_realm = false',
    '    dns_lookup_kdc = false',
    '    dns_canonicalize_hostname = false',
    '    rdns = false',
    '    # Tickets with a PAC are larger than a datagram, and a KDC that is down answers sooner over TCP.',
    '    udp_preference_limit = 1',
    '',
    '[realms]',
    `    ${realm} = {`,
    ...kdcs.map((each) => `        kdc = ${address(each)}`),
    '    }',
    '',
    '[domain_realm]',
    ...[domain, `.${domain}`, ...hosts].map((name) => `    ${name} = ${realm}`),
    '',
  ].join('\n');
}
