/** Puts one case of the table to a domain controller and says what it answered. */
import {
  ETYPE,
  type KdcTransport,
  KrbErrorReply,
  krbtgt,
  requestTicket,
  type TicketUser,
} from '@kennel/kerberos';
import type { CaseServer, CaseUser, DcCase } from './cases.ts';
import { forgePartialTgt, type ServerKeys } from './forge.ts';

/** A domain that holds the accounts and the Kerberos server objects of the table. */
export interface CaseDomain {
  transport: KdcTransport;
  user(name: CaseUser): TicketUser;
  server(name: CaseServer): ServerKeys;
}

/** In the words of the table; an error code outside the registry is given as its number. */
export async function answerOf(
  { user, server, forgery, keyList }: DcCase,
  domain: CaseDomain,
): Promise<string> {
  const keys = domain.server(server);
  const tgt = forgePartialTgt(keys, domain.user(user), forgery);
  try {
    const { realm } = keys;
    const asked = keyList ? { keyList: [ETYPE.RC4_HMAC] } : {};
    const result = await requestTicket({
      tgt,
      sname: krbtgt(realm),
      realm,
      transport: domain.transport,
      ...asked,
    });
    return result.keyList?.length ? 'full TGT and key list' : 'full TGT';
  } catch (error) {
    if (error instanceof KrbErrorReply) return error.errorName ?? String(error.errorCode);
    throw error;
  }
}
