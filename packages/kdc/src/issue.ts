/** Making a ticket and its encrypted reply part: one place for the AS and the TGS exchange. */
import {
  type EncKdcRepPart,
  EncTicketPart,
  encrypted,
  KEY_USAGE,
  Key,
  NOT_TRANSITED,
  PAC_BUFFER,
  type PacBuffer,
  type PrincipalName,
  pacAuthorizationData,
  signServiceTicketPac,
  signTgtPac,
  type Ticket,
  userPac,
} from '@kennel/kerberos';
import type { Account, Realm, VersionedKey } from './realm.ts';

export interface TicketTimes {
  authtime: Date;
  starttime: Date;
  endtime: Date;
}

export interface IssueRequest {
  realm: Realm;
  cname: PrincipalName;
  sname: PrincipalName;
  /** The key that encrypts the ticket; the realm's krbtgt key where the ticket is a TGT. */
  serviceKey: VersionedKey;
  krbtgtKey: VersionedKey;
  flags: number;
  times: TicketTimes;
  /** Of the request: the reply repeats it. */
  nonce: number;
  /** The unsigned buffers. */
  pac: readonly PacBuffer[];
}

/** The PAC buffers of an account, read from the directory now. */
export function directoryPac(realm: Realm, account: Account, authtime: Date): PacBuffer[] {
  const { dnsDomainName, netbiosDomainName } = realm;
  return userPac(
    {
      sid: account.sid,
      samAccountName: account.samAccountName,
      upn: account.upn,
      dnsDomainName,
      netbiosDomainName,
    },
    {
      authtime,
      groups: account.groups,
      primaryGroup: account.primaryGroup,
      fullName: account.displayName,
      // S-1-18-1: the identity was asserted by an authentication authority ([MS-KILE] 3.3.5.6.4.2).
      extraSids: [{ sid: 'S-1-18-1', attributes: 7 }],
    },
  );
}

const ONLY_IN_TGT: readonly number[] = [PAC_BUFFER.ATTRIBUTES_INFO, PAC_BUFFER.REQUESTOR];

/** @returns the ticket, and the reply's part that says the same to the client */
export function issueTicket(request: IssueRequest): { ticket: Ticket; replyPart: EncKdcRepPart } {
  const { realm, cname, sname, serviceKey, krbtgtKey, flags, times, nonce } = request;
  const sessionKey = Key.random();
  const key = { keyType: sessionKey.etype, keyValue: sessionKey.value };
  const part: EncTicketPart = {
    flags,
    key,
    crealm: realm.realm,
    cname,
    transited: NOT_TRANSITED,
    ...times,
  };
  const keys = { server: serviceKey.key, krbtgt: krbtgtKey.key };
  const pac =
    serviceKey === krbtgtKey
      ? signTgtPac(request.pac, keys)
      : signServiceTicketPac(
          request.pac.filter(({ type }) => !ONLY_IN_TGT.includes(type)),
          keys,
          part,
        );
  const encoded = EncTicketPart.encode({ ...part, authorizationData: pacAuthorizationData(pac) });
  return {
    replyPart: {
      key,
      lastReq: [{ type: 0, value: times.starttime }],
      nonce,
      flags,
      ...times,
      srealm: realm.realm,
      sname,
    },
    ticket: {
      tktVno: 5,
      realm: realm.realm,
      sname,
      encPart: encrypted(serviceKey.key, KEY_USAGE.TICKET, encoded, serviceKey.version),
    },
  };
}
