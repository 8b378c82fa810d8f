/** How it stands with a user's ticket. */
import { DEVICE_ERRORS, type DeviceErrorCode } from '../errors/table.ts';
import type { UserRecord } from '../state/user.ts';
import { principalOf, readCcache } from './ccache.ts';

export type TicketState =
  | {
      state: 'full';
      realm: string;
      /** `alice@CORP.EXAMPLE.COM` */
      principal: string;
      /** By the domain controller's clock. */
      endTime: Date;
      /** Milliseconds by which the domain controller's clock is ahead of this machine's; 0 below five minutes. */
      kdcTimeOffset: number;
      /** The file. */
      ccache: string;
    }
  | { state: 'none'; code: DeviceErrorCode; message: string; next: string };

type FullTicket = NonNullable<UserRecord['ticket']>;

export const fullTicket = (ticket: FullTicket): TicketState => ({
  state: 'full',
  ...ticket,
  endTime: new Date(ticket.endTime),
});

/** As the last exchange left it. */
export function ticketState({ ticket, refusal }: UserRecord): TicketState {
  if (ticket !== undefined && refusal === undefined) return fullTicket(ticket);
  const code = refusal?.code ?? 'no-partial-tgt';
  const { message, next } = DEVICE_ERRORS[code];
  return { state: 'none', code, message: refusal?.message ?? message, next };
}

/** The ticket counts only while it is in its cache and not over. @param now this machine's clock */
export function ticketStateNow({ ticket, ...record }: UserRecord, now: Date): TicketState {
  return ticket !== undefined && isGood(ticket, now) ? fullTicket(ticket) : ticketState(record);
}

/** The ticket is still where it was written, and not over. @param now this machine's clock */
export function isGood({ endTime, kdcTimeOffset, ccache, principal }: FullTicket, now: Date): boolean {
  if (Date.parse(endTime) <= now.getTime() + kdcTimeOffset) return false;
  const cache = readCcache(ccache);
  return cache !== undefined && principalOf(cache) === principal;
}
