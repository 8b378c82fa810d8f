/**
 * The domain controller locator ([MS-ADTS] 6.3.6): DNS SRV records of the domain, of a site where one is known,
 * then a CLDAP ping to each until one has what is asked for. A controller that names another site for this
 * machine than its own leads to a second look, in that site.
 */
import { Resolver } from 'node:dns/promises';
import { srvResolver } from '@kennel/kerberos';
import { DS_FLAG, type NetlogonResponse } from '../cldap/netlogon.ts';
import { pingDomainController } from '../cldap/ping.ts';
import { ActiveDirectoryError } from '../errors.ts';

/** What a domain controller must be; the names are the locator's own. */
export type DcRequirement = 'kdc' | 'writable' | 'keylist';

const FLAG_OF: Readonly<Record<DcRequirement, number>> = {
  kdc: DS_FLAG.KDC,
  writable: DS_FLAG.WRITABLE,
  keylist: DS_FLAG.KEYLIST,
};

export interface LocateOptions {
  /** DNS name of the domain. */
  domain: string;
  site?: string;
  require?: readonly DcRequirement[];
  /** Addresses of DNS servers; the system's unless given. */
  dnsServers?: readonly string[];
  /** Controllers to ask in place of those that DNS knows. */
  controllers?: readonly { host: string; port?: number }[];
  /** Milliseconds for each ping. */
  timeout?: number;
}

export interface LocatedDc extends NetlogonResponse {
  address: string;
}

interface Candidate {
  host: string;
  addresses: readonly string[];
  port?: number;
}

const DNS_TIMEOUT = 3_000;
const AT_MOST = 32;

/**
 * The first domain controller that answers and has every requirement.
 * @throws ActiveDirectoryError `dc-not-found` (DNS knows none), `dc-timeout` (none answers), `dc-lacking` (those
 *   that answer lack something; `details.found` says what each is)
 */
export async function locateDomainController(options: LocateOptions): Promise<LocatedDc> {
  const needed = (options.require ?? []).reduce((flags, name) => flags | FLAG_OF[name], 0);
  const first = await firstWith(await candidates(options, options.site), options, needed);
  const moved =
    options.site === undefined &&
    options.controllers === undefined &&
    first.clientSiteName !== '' &&
    first.clientSiteName !== first.dcSiteName;
  if (!moved) return first;
  try {
    return await firstWith(await candidates(options, first.clientSiteName), options, needed);
  } catch (error) {
    if (error instanceof ActiveDirectoryError) return first; // the nearer site has none that serves: this one does
    throw error;
  }
}

export interface OrderedDc {
  address: string;
  /** What it said of itself; undefined for one that did not answer the ping, which may be a closed UDP port only. */
  said?: LocatedDc;
}

/**
 * Every domain controller to try, the nearest first: those of this machine's own site, then the others, last those
 * that are silent. One that answers and lacks a requirement is left out.
 * @throws ActiveDirectoryError `dc-not-found` (DNS knows none), `dc-lacking` (each answers and lacks something)
 */
export async function locateDomainControllers(options: LocateOptions): Promise<OrderedDc[]> {
  const needed = (options.require ?? []).reduce((flags, name) => flags | FLAG_OF[name], 0);
  const all = (await candidates(options, options.site)).flatMap(({ addresses, port }) =>
    addresses.map((address) => ({ address, ...(port ? { port } : {}) })),
  );
  const asked = await Promise.all(
    all.map(async ({ address, port }) => {
      const answer = await ping(
        { host: address, ...(port ? { port } : {}) },
        options.domain,
        options.timeout,
      );
      return answer ? { address, said: { ...answer, address } } : { address };
    }),
  );
  const rank = ({ said }: OrderedDc) =>
    said === undefined ? 2 : said.dcSiteName === said.clientSiteName ? 0 : 1;
  const suitable = asked.filter(({ said }) => said === undefined || (said.flags & needed) === needed);
  if (suitable.length > 0) return suitable.sort((a, b) => rank(a) - rank(b)); // equals stay in the order of DNS
  throw new ActiveDirectoryError(
    all.length === 0 ? 'dc-not-found' : 'dc-lacking',
    `No domain controller of ${options.domain} ${all.length === 0 ? 'has an address in DNS' : 'that answers has what is needed'} (${(options.require ?? []).join(', ')}).`,
  );
}

async function candidates(
  { domain, dnsServers, controllers }: LocateOptions,
  site: string | undefined,
): Promise<Candidate[]> {
  if (controllers)
    return controllers.map(({ host, port }) => ({ host, addresses: [host], ...(port ? { port } : {}) }));
  const question = `_ldap._tcp.${site === undefined ? '' : `${site}._sites.`}dc._msdcs.${domain}`;
  const records = await srvResolver(dnsServers)(question).catch((cause: NodeJS.ErrnoException) => {
    throw new ActiveDirectoryError(
      'dc-not-found',
      `DNS knows no domain controller of ${domain} (${question}: ${cause.code}). Check the domain's name and which DNS server this machine asks.`,
      { question },
    );
  });
  const hosts = [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight).slice(0, AT_MOST);
  return Promise.all(
    hosts.map(async ({ name }) => ({ host: name, addresses: await resolveHost(name, dnsServers) })),
  );
}

/** Addresses of a host, IPv4 first; none where DNS knows none. */
export async function resolveHost(name: string, dnsServers?: readonly string[]): Promise<string[]> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT, tries: 2 });
  if (dnsServers) resolver.setServers(dnsServers);
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

async function firstWith(
  all: readonly Candidate[],
  { domain, timeout }: LocateOptions,
  needed: number,
): Promise<LocatedDc> {
  const found: { host: string; flags: number }[] = [];
  for (const { host, addresses, port } of all) {
    for (const address of addresses) {
      const answer = await ping({ host: address, ...(port ? { port } : {}) }, domain, timeout);
      if (!answer) continue;
      if ((answer.flags & needed) === needed) return { ...answer, address };
      found.push({ host, flags: answer.flags });
      break;
    }
  }
  if (found.length === 0)
    throw new ActiveDirectoryError(
      'dc-timeout',
      `No domain controller of ${domain} answers (asked: ${all.map(({ host }) => host).join(', ')}). UDP port 389 must be open.`,
    );
  const lacking = Object.entries(FLAG_OF).filter(
    ([, flag]) => (needed & flag) !== 0 && found.every(({ flags }) => (flags & flag) === 0),
  );
  const what = lacking.map(([name]) => name.toUpperCase()).join(' and ') || 'everything that was asked for';
  throw new ActiveDirectoryError(
    'dc-lacking',
    `No domain controller of ${domain} that answers has ${what} (asked: ${found.map(({ host }) => host).join(', ')}).`,
    { found },
  );
}

/** Silence and nonsense are the same here: the next one is asked. */
async function ping(
  address: { host: string; port?: number },
  domain: string,
  timeout: number | undefined,
): Promise<NetlogonResponse | undefined> {
  try {
    return await pingDomainController(address, domain, timeout);
  } catch (error) {
    if (error instanceof ActiveDirectoryError) return undefined;
    throw error;
  }
}

/** Flags that the locator itself adds: the names that it used are DNS names ([MS-NRPC] 2.2.1.2.1). */
const DNS_NAMES = ['DNS_DC', 'DNS_DOMAIN', 'DNS_FOREST'];
/** The order in which `nltest /dsgetdc` prints the flags. */
const BEFORE_DNS = ['PDC', 'GC', 'DS', 'LDAP', 'KDC', 'TIMESERV', 'GTIMESERV', 'WRITABLE'] as const;
const AFTER_DNS = ['CLOSE_SITE', 'FULL_SECRET', 'WS', 'DS_8', 'DS_9', 'DS_10', 'KEYLIST'] as const;

/** The names of a controller's flags, in that order. */
export function flagNames(flags: number): string[] {
  const set = (name: keyof typeof DS_FLAG) => (flags & DS_FLAG[name]) !== 0;
  return [...BEFORE_DNS.filter(set), ...DNS_NAMES, ...AFTER_DNS.filter(set)];
}

/** The text of `nltest /dsgetdc`. */
export function locatorText(dc: LocatedDc): string {
  return [
    `           DC: \\\\${dc.hostName}`,
    `      Address: \\\\${dc.address}`,
    `     Dom Guid: ${dc.domainGuid}`,
    `     Dom Name: ${dc.domainName}`,
    `  Forest Name: ${dc.forestName}`,
    ` Dc Site Name: ${dc.dcSiteName}`,
    `Our Site Name: ${dc.clientSiteName}`,
    `        Flags: ${flagNames(dc.flags).join(' ')}`,
    'The command completed successfully',
  ].join('\n');
}
