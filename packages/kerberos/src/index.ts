/** Public surface of the library. */
export { type Accepted, type AcceptOptions, acceptApReq, CLOCK_SKEW, ReplayCache } from './ap/accept.ts';
export { openAsRep } from './client/as-rep.ts';
export type { ClientSecret } from './client/client-key.ts';
export type { ClockOptions } from './client/clock.ts';
export type { SrvRecord } from './client/dns-srv.ts';
export {
  type LocatedKdc,
  locateKdcs,
  type SrvResolver,
  srvResolver,
} from './client/locate.ts';
export { type RealmTransportOptions, realmTransport } from './client/realm-transport.ts';
export { requestTgt, type TgtRequest, type TgtResult } from './client/request-tgt.ts';
export {
  type AskedTicket,
  makeTgsRequest,
  readTgsReply,
  requestTicket,
  type TgsRequest,
  type TgsResult,
  throwIfKrbError,
} from './client/tgs.ts';
export {
  type KdcAddress,
  type KdcExchange,
  type KdcTransport,
  tcpTransport,
} from './client/transport.ts';
export { udpThenTcp, udpTransport } from './client/udp.ts';
export type { Credentials } from './credentials.ts';
export { Key } from './crypto/key.ts';
export { ntHash } from './crypto/rfc1320.ts';
export { DCE_TOKEN_LENGTH, type MessagePart, SEAL_OVERHEAD } from './crypto/rfc4121.ts';
export { decodeDer } from './der/codec.ts';
export { KerberosError, type KerberosErrorCode } from './errors.ts';
export { type Ccache, type CcachePrincipal, decodeCcache, encodeCcache } from './files/ccache.ts';
export { decodeKeytab, encodeKeytab, type KeytabEntry } from './files/keytab.ts';
export { encodeKirbi } from './files/kirbi.ts';
export { GssContext, type GssParty, type GssStep } from './gss/context.ts';
export { krb5Acceptor } from './gss/krb5-acceptor.ts';
export { type InitiatorOptions, krb5Initiator } from './gss/krb5-initiator.ts';
export { GSS_FLAG } from './gss/krb5-token.ts';
export { acceptNegotiate, initiateNegotiate } from './gss/spnego.ts';
export { spnegoAcceptor, spnegoReject } from './gss/spnego-acceptor.ts';
export { spnegoInitiator } from './gss/spnego-initiator.ts';
export { describeErrorCode, KRB_ERROR_CODES, type KrbErrorName } from './iana/error-codes.ts';
export { CKSUMTYPE, ETYPE } from './iana/etypes.ts';
export { KEY_USAGE } from './iana/key-usages.ts';
export { AD_TYPE, KDC_OPTION, MSG_TYPE, NAME_TYPE, TICKET_FLAG } from './iana/message-types.ts';
export { PAC_BUFFER } from './iana/pac-buffers.ts';
export { PADATA } from './iana/padata-types.ts';
export * from './messages/ap.ts';
export * from './messages/common.ts';
export * from './messages/kdc-rep.ts';
export * from './messages/kdc-req.ts';
export { KrbError, KrbErrorReply } from './messages/krb-error.ts';
export * from './messages/padata.ts';
export { EncTicketPart, NOT_TRANSITED, Ticket } from './messages/ticket.ts';
export {
  joinKvno,
  mintPartialTgt,
  type PartialTgt,
  type PartialTgtRequest,
  splitKvno,
} from './mint/partial-tgt.ts';
export { type TicketUser, type UserPacOptions, userPac } from './mint/user-pac.ts';
export { NdrReader } from './ndr/reader.ts';
export { NdrWriter } from './ndr/writer.ts';
export { fromFileTime, toFileTime } from './pac/filetime.ts';
export * from './pac/info-buffers.ts';
export { decodeLogonInfo, type ExtraSid, encodeLogonInfo, type LogonInfo } from './pac/logon-info.ts';
export { decodePac, encodePac, findPac, type PacBuffer, pacAuthorizationData } from './pac/pac.ts';
export { decodeSid, encodeSid, splitSid } from './pac/sid.ts';
export {
  type SigningKeys,
  signServiceTicketPac,
  signTgtPac,
  verifyPac,
  verifyTicketSignature,
} from './pac/signatures.ts';
