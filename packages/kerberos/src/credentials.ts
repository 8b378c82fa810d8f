/** A ticket with what its owner needs to use it: the session key, the times and the names. */
import type { Key } from './crypto/key.ts';
import type { PrincipalName } from './messages/common.ts';
import type { EncKdcRepPart, KdcRep } from './messages/kdc-rep.ts';
import type { Ticket } from './messages/ticket.ts';

/** A name with its realm. */
export interface CcachePrincipal {
  realm: string;
  name: PrincipalName;
}

export interface Credentials {
  client: CcachePrincipal;
  server: CcachePrincipal;
  /** The session key. */
  key: Key;
  ticket: Ticket;
  /** TicketFlags (RFC 4120 section 5.3). */
  flags: number;
  authtime: Date;
  starttime?: Date;
  endtime: Date;
  renewTill?: Date;
}

/** Credentials of a KDC's reply and its decrypted part. */
export function credentialsOf(reply: KdcRep, part: EncKdcRepPart, key: Key): Credentials {
  return {
    client: { realm: reply.crealm, name: reply.cname },
    server: { realm: part.srealm, name: part.sname },
    key,
    ticket: reply.ticket,
    flags: part.flags,
    authtime: part.authtime,
    ...(part.starttime ? { starttime: part.starttime } : {}),
    endtime: part.endtime,
    ...(part.renewTill ? { renewTill: part.renewTill } : {}),
  };
}
