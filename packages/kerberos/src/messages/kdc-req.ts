/** AS-REQ and TGS-REQ (RFC 4120 section 5.4.1). */
import {
  application,
  type Codec,
  flags,
  int32,
  kerberosString,
  kerberosTime,
  type Of,
  opt,
  req,
  sequence,
  sequenceOf,
  uint32,
} from '../der/codec.ts';
import { Cursor } from '../der/primitives.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { EncryptedData, HostAddresses, PaData, PrincipalName } from './common.ts';
import { Ticket } from './ticket.ts';

const BODY = 0xa4;

export const KdcReqBody = sequence({
  kdcOptions: req(0, flags),
  cname: opt(1, PrincipalName),
  realm: req(2, kerberosString),
  sname: opt(3, PrincipalName),
  from: opt(4, kerberosTime),
  till: req(5, kerberosTime),
  rtime: opt(6, kerberosTime),
  nonce: req(7, uint32),
  etypes: req(8, sequenceOf(int32, 64)),
  addresses: opt(9, HostAddresses),
  encAuthorizationData: opt(10, EncryptedData),
  additionalTickets: opt(11, sequenceOf(Ticket, 8)),
});
export type KdcReqBody = Of<typeof KdcReqBody>;

const KdcReq = sequence({
  pvno: req(1, int32),
  msgType: req(2, int32),
  padata: opt(3, sequenceOf(PaData, 64)),
  body: req(4, KdcReqBody),
});
export type KdcReq = Of<typeof KdcReq>;

/** The bytes of the body inside a request, as they came: what the authenticator's checksum is over. */
export function kdcReqBodyBytes(message: Uint8Array): Uint8Array {
  const members = new Cursor(message).enter(message[0] ?? 0).enter(0x30);
  while (members.peek() !== BODY) members.raw();
  return members.enter(BODY).rest();
}

export const AsReq: Codec<KdcReq> = application(MSG_TYPE.AS_REQ, KdcReq);
export const TgsReq: Codec<KdcReq> = application(MSG_TYPE.TGS_REQ, KdcReq);
