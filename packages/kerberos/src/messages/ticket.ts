/** Ticket and EncTicketPart (RFC 4120 section 5.3). */
import {
  application,
  flags,
  int32,
  kerberosString,
  kerberosTime,
  type Of,
  octets,
  opt,
  req,
  sequence,
} from '../der/codec.ts';
import { AuthorizationData, EncryptedData, EncryptionKey, HostAddresses, PrincipalName } from './common.ts';

export const Ticket = application(
  1,
  sequence({
    tktVno: req(0, int32),
    realm: req(1, kerberosString),
    sname: req(2, PrincipalName),
    encPart: req(3, EncryptedData),
  }),
);
export type Ticket = Of<typeof Ticket>;

const TransitedEncoding = sequence({ type: req(0, int32), contents: req(1, octets) });

export const EncTicketPart = application(
  3,
  sequence({
    flags: req(0, flags),
    key: req(1, EncryptionKey),
    crealm: req(2, kerberosString),
    cname: req(3, PrincipalName),
    transited: req(4, TransitedEncoding),
    authtime: req(5, kerberosTime),
    starttime: opt(6, kerberosTime),
    endtime: req(7, kerberosTime),
    renewTill: opt(8, kerberosTime),
    caddr: opt(9, HostAddresses),
    authorizationData: opt(10, AuthorizationData),
  }),
);
export type EncTicketPart = Of<typeof EncTicketPart>;

/** No realm was crossed: DOMAIN-X500-COMPRESS with nothing in it. */
export const NOT_TRANSITED = { type: 1, contents: new Uint8Array(0) };
