/** The client's side of the AP exchange (RFC 4120 section 3.2.2): the AP-REQ for a ticket, and the check of its AP-REP. */
import type { Credentials } from '../credentials.ts';
import type { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { AP_MUTUAL_REQUIRED, ApRep, ApReq, Authenticator, EncApRepPart } from '../messages/ap.ts';
import { type Checksum, decrypted, type EncryptionKey, encrypted, wholeSeconds } from '../messages/common.ts';

export interface ApReqOptions {
  /** The service's clock as far as known. */
  now: Date;
  cksum: Checksum;
  subkey?: EncryptionKey;
  seqNumber?: number;
  mutual?: boolean;
  /** Key usage of the authenticator: 11, or 7 inside a TGS-REQ. */
  authenticatorUsage?: number;
}

/** DER AP-REQ. */
export function makeApReq({ client, key, ticket }: Credentials, options: ApReqOptions): Uint8Array {
  const authenticator = Authenticator.encode({
    vno: 5,
    crealm: client.realm,
    cname: client.name,
    cksum: options.cksum,
    cusec: (options.now.getTime() % 1000) * 1000,
    ctime: options.now,
    ...(options.subkey ? { subkey: options.subkey } : {}),
    ...(options.seqNumber === undefined ? {} : { seqNumber: options.seqNumber }),
  });
  return ApReq.encode({
    pvno: 5,
    msgType: MSG_TYPE.AP_REQ,
    apOptions: options.mutual ? AP_MUTUAL_REQUIRED : 0,
    ticket,
    authenticator: encrypted(
      key,
      options.authenticatorUsage ?? KEY_USAGE.AP_REQ_AUTHENTICATOR,
      authenticator,
    ),
  });
}

/** Opens an AP-REP and checks that it answers the AP-REQ sent at `now`. @throws KerberosError `reply-mismatch`, `integrity-check-failed`, `der-*` */
export function openApRep(bytes: Uint8Array, key: Key, now: Date): EncApRepPart {
  const part = decodeDer(
    EncApRepPart,
    decrypted(key, KEY_USAGE.AP_REP_ENC_PART, decodeDer(ApRep, bytes).encPart),
  );
  const sent = wholeSeconds(now).getTime();
  if (part.ctime.getTime() !== sent || part.cusec !== (now.getTime() % 1000) * 1000)
    throw new KerberosError('reply-mismatch', "The service's answer does not belong to the request.");
  return part;
}
