/** A krb5.conf (MIT and Heimdal read it) that knows one realm's KDCs by address and asks no DNS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes `krb5.conf` into a directory.
 *
 * @param options.kdc addresses with or without a port, tried in order; `https://...` for MS-KKDCP
 * @param options.hosts further host names whose services are in the realm
 * @returns the path, for KRB5_CONFIG
 */
export function writeKrb5Conf(options: {
  dir: string;
  realm: string;
  kdc: string | readonly string[];
  hosts?: readonly string[];
}): string {
  const realm = options.realm.toUpperCase();
  const domain = realm.toLowerCase();
  const kdcs = [options.kdc].flat().map((kdc) => `    kdc = ${kdc}`);
  const path = join(options.dir, 'krb5.conf');
  const lines = [
    '[libdefaults]',
    `  default_realm = ${realm}`,
    '  dns_lookup_kdc = false',
    '  dns_lookup_realm = false',
    '  dns_canonicalize_hostname = false',
    '  rdns = false',
    '  # Tickets with a PAC are larger than a datagram, and a KDC that is down answers sooner over TCP.',
    '  udp_preference_limit = 1',
    '[realms]',
    `  ${realm} = {`,
    ...kdcs,
    '  }',
    '[domain_realm]',
    `  ${domain} = ${realm}`,
    `  .${domain} = ${realm}`,
    ...(options.hosts ?? []).map((host) => `  ${host} = ${realm}`),
    '',
  ];
  writeFileSync(path, lines.join('\n'));
  return path;
}
