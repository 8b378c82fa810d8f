/** A forest trust between two Samba domains, in both directions. */
import type { SambaDomain } from './domain.ts';

/** The records by which a controller is found ([MS-ADTS] 6.3.2.3), and the port that each is about. */
const LDAP_PORT = 389;
const KDC_PORT = 88;
const SITE = 'Default-First-Site-Name._sites';
const RECORDS: readonly (readonly [name: string, port: number])[] = [
  ['_ldap._tcp', LDAP_PORT],
  ['_ldap._tcp.dc._msdcs', LDAP_PORT],
  ['_ldap._tcp.pdc._msdcs', LDAP_PORT],
  [`_ldap._tcp.${SITE}.dc._msdcs`, LDAP_PORT],
  ['_kerberos._tcp', KDC_PORT],
  ['_kerberos._udp', KDC_PORT],
  ['_kerberos._tcp.dc._msdcs', KDC_PORT],
  [`_kerberos._tcp.${SITE}.dc._msdcs`, KDC_PORT],
];

/**
 * Makes both forests trust each other: some ten seconds. Each gets a zone with the other's names, since Samba reads
 * `dns forwarder` only when it starts.
 *
 * @throws SambaError program-failed, with what samba-tool said
 */
export async function trustEachOther(one: SambaDomain, other: SambaDomain): Promise<void> {
  await one.namespace.connect(other.namespace);
  await nameOf(other, one);
  await nameOf(one, other);
  const account = `Administrator@${other.realm}%${other.adminPassword}`;
  await one.sambaTool(
    ...['domain', 'trust', 'create', other.realm, '--type=forest', '--direction=both'],
    ...['--create-location=both', '-U', account],
  );
}

/** Tells a domain's DNS server where the other one is. */
async function nameOf(named: SambaDomain, at: SambaDomain): Promise<void> {
  const zone = named.realm.toLowerCase();
  const account = ['-U', `Administrator%${at.adminPassword}`];
  const add = (name: string, type: string, data: string) =>
    at.sambaTool('dns', 'add', at.fqdn, zone, name, type, data, ...account);
  await at.sambaTool('dns', 'zonecreate', at.fqdn, zone, ...account);
  await add(named.fqdn.split('.')[0] ?? '', 'A', named.address);
  await add('@', 'A', named.address);
  for (const [name, port] of RECORDS) await add(name, 'SRV', `${named.fqdn} ${port} 0 100`);
}
