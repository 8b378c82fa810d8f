/**
 * The TGS exchange (RFC 4120 section 3.3) with the rules for tickets of read-only domain controllers and the
 * key list ([MS-KILE] 3.3.5.7). A partial TGT proves who; what that user is comes from the directory.
 */
import {
  type Accepted,
  ApReq,
  acceptApReq,
  decodeClientInfo,
  decodeDer,
  decodeRequestor,
  EncTgsRepPart,
  ETYPE,
  encrypted,
  findPaData,
  KDC_OPTION,
  type KdcReq,
  KEY_USAGE,
  KeyListRep,
  KeyListReq,
  kdcReqBodyBytes,
  MSG_TYPE,
  PAC_BUFFER,
  PADATA,
  type PacBuffer,
  type PaData,
  type ReplayCache,
  splitKvno,
  TgsRep,
  TICKET_FLAG,
  toFileTime,
  verifyPac,
  wholeSeconds,
} from '@kennel/kerberos';
import { checkAccount } from './account-rules.ts';
import { KdcError } from './errors.ts';
import { directoryPac, issueTicket } from './issue.ts';
import { currentKrbtgtKey, endTime, findTarget, isKrbtgt } from './lookup.ts';
import type { Account, Krbtgt, Realm, VersionedKey } from './realm.ts';
import { checkReveal, checkRodc } from './rodc-rules.ts';

export interface TgsOptions {
  now: Date;
  replays: ReplayCache;
  /** Whether an authenticator without a checksum over the body is refused (RFC 4120 section 3.3.3 wants one). */
  requireBodyChecksum: boolean;
}

/** A ticket with less left is taken for one of the password-changing service and is no TGT (as Samba does). */
const LEAST_LIFETIME = 120_000;
const BAD_OPTIONS =
  KDC_OPTION.RENEW |
  KDC_OPTION.VALIDATE |
  KDC_OPTION.PROXY |
  KDC_OPTION.POSTDATED |
  KDC_OPTION.CNAME_IN_ADDL_TKT |
  KDC_OPTION.ENC_TKT_IN_SKEY;

/** DER TGS-REP. @throws KdcError, KerberosError */
export async function handleTgsReq(
  message: Uint8Array,
  request: KdcReq,
  realm: Realm,
  options: TgsOptions,
): Promise<Uint8Array> {
  const { body, padata } = request;
  const apReq = findPaData(padata, PADATA.TGS_REQ);
  if (!apReq) throw new KdcError('PADATA_TYPE_NOSUPP', 'no PA-TGS-REQ');
  const { krbtgt, key } = await findTicketKey(apReq, realm);
  const tgt = acceptApReq(apReq, {
    findKey: () => key.key,
    now: options.now,
    replays: options.replays,
    authenticatorUsage: KEY_USAGE.TGS_REQ_AUTHENTICATOR,
  });
  if (tgt.ticket.endtime.getTime() - options.now.getTime() <= LEAST_LIFETIME)
    throw new KdcError('TKT_EXPIRED', 'the ticket has expired or is about to');
  checkBody(tgt, kdcReqBodyBytes(message), options.requireBodyChecksum);
  if ((body.kdcOptions & BAD_OPTIONS) !== 0)
    throw new KdcError('BADOPTION', 'an option that is not served here');

  const { account, identity } = await identify(tgt, krbtgt, key, realm);
  if (krbtgt.rodc) checkReveal(krbtgt, account);
  checkAccount(account, options.now, 'POLICY');
  const { authtime } = tgt.ticket;
  const pac = krbtgt.rodc ? directoryPac(realm, account, authtime) : identity;

  const krbtgtKey = await currentKrbtgtKey(realm);
  const { sname, key: serviceKey } = await findTarget(realm, body, krbtgtKey);
  const starttime = wholeSeconds(options.now);
  const times = { authtime, starttime, endtime: endTime(body.till, options.now, tgt.ticket.endtime) };
  const flags = ticketFlags(tgt.ticket.flags, body.kdcOptions);
  const { cname } = tgt.ticket;
  const { ticket, replyPart } = issueTicket({
    realm,
    cname,
    sname,
    serviceKey,
    krbtgtKey,
    flags,
    times,
    nonce: body.nonce,
    pac,
  });
  const keyList = krbtgt.rodc && isKrbtgt(sname, realm.realm) ? keyListReply(padata, account) : undefined;
  const part = EncTgsRepPart.encode({ ...replyPart, ...(keyList ? { encryptedPaData: [keyList] } : {}) });
  const encPart = tgt.subkey
    ? encrypted(tgt.subkey, KEY_USAGE.TGS_REP_SUBKEY, part)
    : encrypted(tgt.sessionKey, KEY_USAGE.TGS_REP_SESSION_KEY, part);
  return TgsRep.encode({ pvno: 5, msgType: MSG_TYPE.TGS_REP, crealm: realm.realm, cname, ticket, encPart });
}

/** The key that the ticket in an AP-REQ names. @throws KdcError NOT_US, BADKEYVER, POLICY */
async function findTicketKey(
  apReq: Uint8Array,
  realm: Realm,
): Promise<{ krbtgt: Krbtgt; key: VersionedKey }> {
  const { ticket } = decodeDer(ApReq, apReq);
  if (ticket.realm.toUpperCase() !== realm.realm || !isKrbtgt(ticket.sname, realm.realm))
    throw new KdcError('NOT_US', 'the ticket is no TGT of this realm');
  const kvno = ticket.encPart.kvno;
  const { number, version } = splitKvno(kvno ?? 0);
  const krbtgt = await realm.findKrbtgt(number);
  if (!krbtgt) throw new KdcError('NOT_US', `no krbtgt account with number ${number}`);
  if (number !== 0) checkRodc(krbtgt);
  // The previous key is honoured: tickets under it are in flight after a rotation.
  const honoured = krbtgt.keys.slice(0, 2);
  const key = kvno === undefined ? honoured[0] : honoured.find((candidate) => candidate.version === version);
  if (!key) throw new KdcError('BADKEYVER', `no version ${version} of the krbtgt key`);
  return { krbtgt, key };
}

/** The authenticator's checksum binds the body. @throws KdcError INAPP_CKSUM, MODIFIED */
function checkBody({ authenticator, sessionKey }: Accepted, body: Uint8Array, required: boolean): void {
  const { cksum } = authenticator;
  if (!cksum && !required) return;
  if (cksum?.type !== sessionKey.checksumType) throw new KdcError('INAPP_CKSUM', 'no checksum over the body');
  if (!sessionKey.verifyChecksum(KEY_USAGE.TGS_REQ_CHECKSUM, cksum.checksum, body))
    throw new KdcError('MODIFIED', 'the body was modified');
}

/** Who the TGT is of: its PAC must be signed, and its requestor must be the account of its name. @throws KdcError TGT_REVOKED */
async function identify(
  tgt: Accepted,
  krbtgt: Krbtgt,
  key: VersionedKey,
  realm: Realm,
): Promise<{ account: Account; identity: PacBuffer[] }> {
  if (!tgt.pac) throw new KdcError('TGT_REVOKED', 'the ticket has no PAC');
  const buffers = verifyPac(tgt.pac, {
    server: key.key,
    krbtgt: key.key,
    ...(krbtgt.rodc ? { rodcNumber: krbtgt.number } : {}),
  });
  const buffer = (type: number) => {
    const found = buffers.find((candidate) => candidate.type === type);
    if (!found) throw new KdcError('TGT_REVOKED', `the PAC has no buffer ${type}`);
    return found.data;
  };
  const account = await realm.findAccount(tgt.ticket.cname);
  if (!account)
    throw new KdcError('C_PRINCIPAL_UNKNOWN', `no account ${tgt.ticket.cname.nameString.join('/')}`);
  if (decodeRequestor(buffer(PAC_BUFFER.REQUESTOR)) !== account.sid)
    throw new KdcError('TGT_REVOKED', 'the requestor is not the account of that name');
  const client = decodeClientInfo(buffer(PAC_BUFFER.CLIENT_INFO));
  if (
    client.clientId !== toFileTime(tgt.ticket.authtime) ||
    client.name !== tgt.ticket.cname.nameString.join('/')
  )
    throw new KdcError('TGT_REVOKED', 'the client info belongs to another ticket');
  const signatures: readonly number[] = [PAC_BUFFER.SERVER_SIGNATURE, PAC_BUFFER.KDC_SIGNATURE];
  return { account, identity: buffers.filter(({ type }) => !signatures.includes(type)) };
}

function ticketFlags(tgtFlags: number, options: number): number {
  const kept = tgtFlags & (TICKET_FLAG.PRE_AUTHENT | TICKET_FLAG.FORWARDED);
  const forwardable = tgtFlags & options & TICKET_FLAG.FORWARDABLE;
  const forwarded = (tgtFlags & TICKET_FLAG.FORWARDABLE) !== 0 ? options & TICKET_FLAG.FORWARDED : 0;
  return kept | forwardable | forwarded;
}

/** KERB-KEY-LIST-REP with the NT hash, where it is asked for and the account has one ([MS-KILE] 3.3.5.7.8). */
function keyListReply(padata: readonly PaData[] | undefined, account: Account): PaData | undefined {
  const asked = findPaData(padata, PADATA.KEY_LIST_REQ);
  if (!asked || !account.ntHash || !decodeDer(KeyListReq, asked).includes(ETYPE.RC4_HMAC)) return undefined;
  return {
    type: PADATA.KEY_LIST_REP,
    value: KeyListRep.encode([{ keyType: ETYPE.RC4_HMAC, keyValue: account.ntHash }]),
  };
}
