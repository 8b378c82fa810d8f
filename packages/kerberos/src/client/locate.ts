/** A realm's KDCs by DNS (RFC 4120 section 7.2.3.2), in the order of RFC 2782: priority, then chance by weight. */
import { Resolver } from 'node:dns/promises';
import { KerberosError } from '../errors.ts';
import { askSrv, type SrvRecord } from './dns-srv.ts';
import type { KdcAddress } from './transport.ts';

/** The SRV records of a name; rejects with a `code` (`ENOTFOUND`, `ENODATA`, ...) as node:dns does. */
export type SrvResolver = (name: string) => Promise<readonly SrvRecord[]>;

/** A KDC and the protocols that it was announced for. */
export interface LocatedKdc extends KdcAddress {
  udp: boolean;
  tcp: boolean;
}

const DNS_TIMEOUT = 3000;
const MAX_KDCS = 16;
const NONE = ['ENOTFOUND', 'ENODATA'];

/**
 * SRV records by the system's DNS servers, or those given. Node's own resolver is asked first; where it cannot
 * read the answer (Samba's), the servers are asked once more and the answer is read here.
 */
export function srvResolver(servers?: readonly string[]): SrvResolver {
  return async (name) => {
    const resolver = new Resolver({ timeout: DNS_TIMEOUT, tries: 2 });
    if (servers) resolver.setServers(servers);
    try {
      return await resolver.resolveSrv(name);
    } catch (error) {
      if (codeOf(error) !== 'EBADRESP') throw error;
      let last = error;
      for (const server of resolver.getServers()) {
        try {
          return await askSrv(server, name, DNS_TIMEOUT);
        } catch (failure) {
          if (NONE.includes(codeOf(failure))) throw failure;
          last = failure;
        }
      }
      throw last;
    }
  };
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';

/**
 * The KDCs to try, in this order; never an empty list.
 * @param random a number of [0, 1), for the choice by weight
 * @throws KerberosError `kdc-not-found`
 */
export async function locateKdcs(
  realm: string,
  resolve: SrvResolver = srvResolver(),
  random: () => number = Math.random,
): Promise<LocatedKdc[]> {
  const domain = realm.toLowerCase();
  // A realm may come from a referral: only what can be a domain's name becomes a question.
  if (domain.length > 240 || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(domain))
    throw new KerberosError(
      'kdc-not-found',
      `The realm ${JSON.stringify(realm)} is no DNS name; say where its domain controllers are.`,
    );
  const [tcp, udp] = await Promise.all([
    ask(`_kerberos._tcp.${domain}`, resolve),
    ask(`_kerberos._udp.${domain}`, resolve),
  ]);
  const found = new Map<string, LocatedKdc>();
  const add = (records: readonly SrvRecord[], protocol: 'udp' | 'tcp') => {
    for (const { name, port } of inOrder(records, random)) {
      const host = name.replace(/\.$/, '');
      const id = `${host.toLowerCase()}:${port}`;
      const known = found.get(id) ?? { host, port, udp: false, tcp: false };
      found.set(id, { ...known, [protocol]: true });
    }
  };
  add(tcp, 'tcp');
  add(udp, 'udp');
  if (found.size === 0)
    throw new KerberosError(
      'kdc-not-found',
      `DNS knows no domain controller of ${realm} (_kerberos._tcp.${domain}). Check the realm's name and which DNS server this machine asks.`,
    );
  return [...found.values()].slice(0, MAX_KDCS);
}

/** No such records is an answer; a DNS that does not work is an error. */
async function ask(question: string, resolve: SrvResolver): Promise<readonly SrvRecord[]> {
  try {
    return await resolve(question);
  } catch (cause) {
    const code = codeOf(cause);
    if (NONE.includes(code)) return [];
    throw new KerberosError('kdc-not-found', `DNS did not answer for ${question} (${code}).`, {
      question,
      cause,
    });
  }
}

/** RFC 2782, "Usage rules": the lowest priority first; among equals each is drawn with a chance by its weight. */
function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // A lone dot says that the service is not offered.
  const left = records.filter(({ name }) => name !== '' && name !== '.').sort((a, b) => a.weight - b.weight);
  const ordered: SrvRecord[] = [];
  for (const priority of [...new Set(left.map((record) => record.priority))].sort((a, b) => a - b)) {
    const group = left.filter((record) => record.priority === priority);
    while (group.length > 0) {
      const total = group.reduce((sum, { weight }) => sum + weight, 0);
      let draw = Math.floor(random() * (total + 1));
      const at = group.findIndex(({ weight }) => {
        draw -= weight;
        return draw <= 0;
      });
      ordered.push(...group.splice(at, 1));
    }
  }
  return ordered;
}
