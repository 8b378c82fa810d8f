/** KRB-CRED (RFC 4120 section 5.8): tickets with their session keys, to be handed to another program. */
import {
  application,
  flags,
  int32,
  kerberosString,
  kerberosTime,
  opt,
  req,
  sequence,
  sequenceOf,
} from '../der/codec.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { EncryptedData, EncryptionKey, PrincipalName } from './common.ts';
import { Ticket } from './ticket.ts';

export const KrbCred = application(
  MSG_TYPE.KRB_CRED,
  sequence({
    pvno: req(0, int32),
    msgType: req(1, int32),
    tickets: req(2, sequenceOf(Ticket)),
    encPart: req(3, EncryptedData),
  }),
);

const KrbCredInfo = sequence({
  key: req(0, EncryptionKey),
  prealm: opt(1, kerberosString),
  pname: opt(2, PrincipalName),
  flags: opt(3, flags),
  authtime: opt(4, kerberosTime),
  starttime: opt(5, kerberosTime),
  endtime: opt(6, kerberosTime),
  renewTill: opt(7, kerberosTime),
  srealm: opt(8, kerberosString),
  sname: opt(9, PrincipalName),
});

/** Without nonce, times and addresses: a file is no exchange. */
export const EncKrbCredPart = application(29, sequence({ ticketInfo: req(0, sequenceOf(KrbCredInfo)) }));
