/** The tickets in a user's cache: the one that the sign-in wrote, and those that programs fetched since. */
import { pickUser } from '../state/user.ts';
import { principalOf, readCcache } from './ccache.ts';
import { folderOf } from './collection.ts';

export interface TicketInfo {
  /** `alice@CORP.EXAMPLE.COM` */
  client: string;
  /** `krbtgt/CORP.EXAMPLE.COM@CORP.EXAMPLE.COM` */
  server: string;
  /** Of the session key. */
  etype: number;
  /** By the domain controller's clock. */
  authTime: Date;
  endTime: Date;
  expired: boolean;
}

export interface TicketList {
  user: string;
  /** The file; `DIR:/path` while there is none in that folder yet. */
  ccache: string;
  /** Milliseconds by which the domain controller's clock is ahead of this machine's. */
  kdcTimeOffset: number;
  /** Empty where there is no cache. */
  tickets: TicketInfo[];
}

/** @throws DeviceError `not-signed-in`, and those of the state files */
export function listTickets(options: { stateDir: string; user?: string; now?: () => Date }): TicketList {
  const { user, ticket, ...record } = pickUser(options.stateDir, options.user);
  const ccache = ticket?.ccache ?? record.ccache;
  const cache = folderOf(ccache) === undefined ? readCcache(ccache) : undefined;
  const kdcTimeOffset = cache?.kdcTimeOffset ?? 0;
  const kdcTime = (options.now?.() ?? new Date()).getTime() + kdcTimeOffset;
  const tickets = (cache?.credentials ?? []).map(({ client, server, key, authtime, endtime }) => ({
    client: principalOf({ principal: client }),
    server: principalOf({ principal: server }),
    etype: key.etype,
    authTime: authtime,
    endTime: endtime,
    expired: endtime.getTime() <= kdcTime,
  }));
  return { user: user.upn, ccache, kdcTimeOffset, tickets };
}
