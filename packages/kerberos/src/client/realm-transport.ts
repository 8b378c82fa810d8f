/** A transport that finds each realm's KDCs, tries them in order and remembers the one that answered. */
import { KerberosError } from '../errors.ts';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { KrbErrorReply } from '../messages/krb-error.ts';
import { type LocatedKdc, locateKdcs, type SrvResolver } from './locate.ts';
import { throwIfKrbError } from './tgs.ts';
import { type KdcAddress, type KdcExchange, type KdcTransport, tcpTransport } from './transport.ts';
import { udpThenTcp, udpTransport } from './udp.ts';

/** How long found KDCs are believed, milliseconds. */
const BELIEVED = 5 * 60 * 1000;
/** Realms that are remembered at a time. */
const MAX_REALMS = 64;

export interface RealmTransportOptions {
  /** KDCs that are known, by realm in whatever case; DNS is asked for the others. */
  known?: Readonly<Record<string, readonly KdcAddress[]>>;
  /** Who answers the questions for SRV records; the system's DNS unless given. */
  resolve?: SrvResolver;
  /** Milliseconds until a datagram is sent again. */
  udpWait?: number;
  /** Milliseconds for an exchange over TCP. */
  tcpTimeout?: number;
}

interface Remembered {
  kdcs: readonly LocatedKdc[];
  until: number;
}

/** Whether the next KDC is to be tried: this one is away, or says that it cannot serve now. */
const NEXT_CODES: readonly string[] = ['kdc-unreachable', 'kdc-timeout'];

/** @throws (when used) KerberosError `kdc-not-found`, and that of the last KDC tried: `kdc-unreachable`, `kdc-timeout` */
export function realmTransport(options: RealmTransportOptions = {}): KdcTransport {
  const realms = new Map<string, Remembered>();
  const known = new Map(
    Object.entries(options.known ?? {}).map(([realm, addresses]) => [realm.toUpperCase(), addresses]),
  );

  async function kdcsOf(realm: string): Promise<readonly LocatedKdc[]> {
    const remembered = realms.get(realm);
    if (remembered && remembered.until > Date.now()) return remembered.kdcs;
    const given = known.get(realm)?.map((address) => ({ ...address, udp: true, tcp: true }));
    const kdcs = given && given.length > 0 ? given : await locateKdcs(realm, options.resolve);
    remember(realm, kdcs, Date.now() + BELIEVED);
    return kdcs;
  }

  function remember(realm: string, kdcs: readonly LocatedKdc[], until: number): void {
    const [oldest] = realms.keys();
    if (oldest !== undefined && realms.size >= MAX_REALMS && !realms.has(realm)) realms.delete(oldest);
    realms.set(realm, { kdcs, until });
  }

  return async (message, anyCase) => {
    const realm = anyCase.toUpperCase();
    const kdcs = await kdcsOf(realm);
    let failure: unknown;
    for (const kdc of kdcs) {
      try {
        const reply = await exchangeWith(kdc, options)(message);
        if (cannotServe(reply) && kdc !== kdcs.at(-1)) continue;
        if (kdc !== kdcs[0])
          remember(realm, [kdc, ...kdcs.filter((other) => other !== kdc)], realms.get(realm)?.until ?? 0);
        return reply;
      } catch (error) {
        if (!(error instanceof KerberosError) || !NEXT_CODES.includes(error.code)) throw error;
        failure = error;
      }
    }
    realms.delete(realm); // none of them answers: ask DNS again next time
    throw failure;
  };
}

function exchangeWith(kdc: LocatedKdc, { udpWait, tcpTimeout }: RealmTransportOptions): KdcExchange {
  if (!kdc.udp) return tcpTransport(kdc, tcpTimeout);
  if (!kdc.tcp) return udpTransport(kdc, udpWait);
  return udpThenTcp(kdc, {
    ...(udpWait === undefined ? {} : { udpWait }),
    ...(tcpTimeout === undefined ? {} : { tcpTimeout }),
  });
}

/** SVC_UNAVAILABLE (RFC 4120 section 7.5.9): this KDC is up but another one should be asked. */
function cannotServe(reply: Uint8Array): boolean {
  try {
    throwIfKrbError(reply);
    return false;
  } catch (error) {
    return error instanceof KrbErrorReply && error.errorCode === KRB_ERROR_CODES.SVC_UNAVAILABLE.code;
  }
}
