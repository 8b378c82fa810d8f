/** AS-REP, TGS-REP and their encrypted part (RFC 4120 section 5.4.2; encrypted-pa-data: RFC 6806 section 11). */
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
import { MSG_TYPE } from '../iana/message-types.ts';
import { EncryptedData, EncryptionKey, HostAddresses, PaData, PrincipalName } from './common.ts';
import { Ticket } from './ticket.ts';

const KdcRep = sequence({
  pvno: req(0, int32),
  msgType: req(1, int32),
  padata: opt(2, sequenceOf(PaData, 64)),
  crealm: req(3, kerberosString),
  cname: req(4, PrincipalName),
  ticket: req(5, Ticket),
  encPart: req(6, EncryptedData),
});
export type KdcRep = Of<typeof KdcRep>;

export const AsRep: Codec<KdcRep> = application(MSG_TYPE.AS_REP, KdcRep);
export const TgsRep: Codec<KdcRep> = application(MSG_TYPE.TGS_REP, KdcRep);

const EncKdcRepPart = sequence({
  key: req(0, EncryptionKey),
  lastReq: req(1, sequenceOf(sequence({ type: req(0, int32), value: req(1, kerberosTime) }), 16)),
  nonce: req(2, uint32),
  keyExpiration: opt(3, kerberosTime),
  flags: req(4, flags),
  authtime: req(5, kerberosTime),
  starttime: opt(6, kerberosTime),
  endtime: req(7, kerberosTime),
  renewTill: opt(8, kerberosTime),
  srealm: req(9, kerberosString),
  sname: req(10, PrincipalName),
  caddr: opt(11, HostAddresses),
  encryptedPaData: opt(12, sequenceOf(PaData, 64)),
});
export type EncKdcRepPart = Of<typeof EncKdcRepPart>;

const ENC_AS_REP_PART = 25;
const ENC_TGS_REP_PART = 26;
const AsRepPart = application(ENC_AS_REP_PART, EncKdcRepPart);
/** Read with the tag of EncTGSRepPart too: MIT's KDC writes it, and clients must take both (section 5.4.2). */
export const EncAsRepPart: Codec<EncKdcRepPart> = {
  encode: AsRepPart.encode,
  decode: (input) => (input.peek() === (0x60 | ENC_TGS_REP_PART) ? EncTgsRepPart : AsRepPart).decode(input),
};
export const EncTgsRepPart: Codec<EncKdcRepPart> = application(ENC_TGS_REP_PART, EncKdcRepPart);
