/** AP-REQ, its Authenticator, and AP-REP (RFC 4120 section 5.5). */
import {
  application,
  flags,
  int32,
  kerberosString,
  kerberosTime,
  microseconds,
  type Of,
  opt,
  req,
  sequence,
  uint32,
} from '../der/codec.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { AuthorizationData, Checksum, EncryptedData, EncryptionKey, PrincipalName } from './common.ts';
import { Ticket } from './ticket.ts';

export const ApReq = application(
  MSG_TYPE.AP_REQ,
  sequence({
    pvno: req(0, int32),
    msgType: req(1, int32),
    apOptions: req(2, flags),
    ticket: req(3, Ticket),
    authenticator: req(4, EncryptedData),
  }),
);
export type ApReq = Of<typeof ApReq>;

/** AP option: the client wants the service to prove itself (AP-REP). */
export const AP_MUTUAL_REQUIRED = 0x20000000;

export const Authenticator = application(
  2,
  sequence({
    vno: req(0, int32),
    crealm: req(1, kerberosString),
    cname: req(2, PrincipalName),
    cksum: opt(3, Checksum),
    cusec: req(4, microseconds),
    ctime: req(5, kerberosTime),
    subkey: opt(6, EncryptionKey),
    seqNumber: opt(7, uint32),
    authorizationData: opt(8, AuthorizationData),
  }),
);
export type Authenticator = Of<typeof Authenticator>;

export const ApRep = application(
  MSG_TYPE.AP_REP,
  sequence({ pvno: req(0, int32), msgType: req(1, int32), encPart: req(2, EncryptedData) }),
);

export const EncApRepPart = application(
  27,
  sequence({
    ctime: req(0, kerberosTime),
    cusec: req(1, microseconds),
    subkey: opt(2, EncryptionKey),
    seqNumber: opt(3, uint32),
  }),
);
export type EncApRepPart = Of<typeof EncApRepPart>;
