/**
 * The partial TGT: a ticket of a read-only domain controller that holds the user's SID and nothing else of
 * weight, inside an AS-REP under a one-time client key ([MS-KILE] 3.3.5.1, [MS-PAC] 2.8.1). A domain
 * controller exchanges it for a full TGT.
 */
import { Key } from '../crypto/key.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { MSG_TYPE, TICKET_FLAG } from '../iana/message-types.ts';
import { encrypted, krbtgt, principal, wholeSeconds } from '../messages/common.ts';
import { AsRep, EncAsRepPart } from '../messages/kdc-rep.ts';
import { EncTicketPart, NOT_TRANSITED } from '../messages/ticket.ts';
import { pacAuthorizationData } from '../pac/pac.ts';
import { signTgtPac } from '../pac/signatures.ts';
import { type TicketUser, userPac } from './user-pac.ts';

const DOMAIN_USERS = 513;
const TEN_HOURS = 36_000;

/** The number N of a read-only domain controller and the version of its key, from a kvno (N << 16 | version). */
export function splitKvno(kvno: number): { number: number; version: number } {
  return { number: (kvno >>> 16) & 0xffff, version: kvno & 0xffff };
}

/** The kvno of such a key, as the signed Int32 that stands in a ticket. */
export function joinKvno(number: number, version: number): number {
  return (number << 16) | (version & 0xffff);
}

export interface PartialTgtRequest {
  /** Kerberos realm: the domain's DNS name in upper case. */
  realm: string;
  /** krbtgt_AzureAD's key. A `Key` keeps its derived keys between calls; give the same one again. */
  key: Key | { etype: number; value: Uint8Array };
  /** (N << 16 | version), signed. */
  kvno: number;
  user: TicketUser;
  now: Date;
  /** Seconds; ten hours unless given. */
  lifetimeSeconds?: number;
}

export interface PartialTgt {
  /** 32 bytes, AES-256: decrypts the AS-REP's encrypted part (key usage 3). */
  clientKey: Uint8Array;
  keyType: number;
  /** DER AS-REP. */
  messageBuffer: Uint8Array;
  realm: string;
  sname: string;
  cname: string;
  endTime: Date;
}

/**
 * Mints a partial TGT.
 *
 * @throws KerberosError `etype-unsupported`, `sid-malformed`
 * @example
 * const user = { sid: 'S-1-5-21-1-2-3-1104', samAccountName: 'alice', upn: 'alice@corp.example.com',
 *   dnsDomainName: 'corp.example.com', netbiosDomainName: 'CORP' };
 * const key = Key.random(); // in life: the key of krbtgt_<N>
 * const minted = mintPartialTgt({ realm: 'CORP.EXAMPLE.COM', key, kvno: joinKvno(4242, 1), user, now: new Date() });
 * const partialTgt = openAsRep(minted.messageBuffer, new Key(minted.keyType, minted.clientKey));
 */
export function mintPartialTgt(request: PartialTgtRequest): PartialTgt {
  const { realm, user, kvno } = request;
  const rodcKey = request.key instanceof Key ? request.key : new Key(request.key.etype, request.key.value);
  // Kerberos times are whole seconds, and the PAC must bear the very same.
  const authtime = wholeSeconds(request.now);
  const endtime = new Date(authtime.getTime() + (request.lifetimeSeconds ?? TEN_HOURS) * 1000);
  const sessionKey = Key.random();
  const clientKey = Key.random();
  const flags = TICKET_FLAG.FORWARDABLE | TICKET_FLAG.INITIAL | TICKET_FLAG.PRE_AUTHENT;
  const cname = principal(user.samAccountName);
  const sname = krbtgt(realm);
  const key = { keyType: sessionKey.etype, keyValue: sessionKey.value };
  const times = { authtime, starttime: authtime, endtime };

  const pac = signTgtPac(userPac(user, { authtime, groups: [DOMAIN_USERS], primaryGroup: DOMAIN_USERS }), {
    server: rodcKey,
    krbtgt: rodcKey,
    rodcNumber: splitKvno(kvno).number,
  });
  const encTicketPart = EncTicketPart.encode({
    flags,
    key,
    crealm: realm,
    cname,
    transited: NOT_TRANSITED,
    ...times,
    authorizationData: pacAuthorizationData(pac),
  });
  const encRepPart = EncAsRepPart.encode({
    key,
    lastReq: [{ type: 0, value: authtime }],
    nonce: 0,
    flags,
    ...times,
    srealm: realm,
    sname,
  });
  const messageBuffer = AsRep.encode({
    pvno: 5,
    msgType: MSG_TYPE.AS_REP,
    crealm: realm,
    cname,
    ticket: { tktVno: 5, realm, sname, encPart: encrypted(rodcKey, KEY_USAGE.TICKET, encTicketPart, kvno) },
    encPart: encrypted(clientKey, KEY_USAGE.AS_REP_ENC_PART, encRepPart),
  });
  return {
    clientKey: clientKey.value,
    keyType: clientKey.etype,
    messageBuffer,
    realm,
    sname: `krbtgt/${realm}`,
    cname: user.samAccountName,
    endTime: endtime,
  };
}
