/** KRB-ERROR (RFC 4120 section 5.9.1). */
import {
  application,
  int32,
  kerberosString,
  kerberosTime,
  microseconds,
  type Of,
  octets,
  opt,
  req,
  sequence,
} from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { describeErrorCode, type KrbErrorName } from '../iana/error-codes.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { PrincipalName } from './common.ts';

export const KrbError = application(
  MSG_TYPE.KRB_ERROR,
  sequence({
    pvno: req(0, int32),
    msgType: req(1, int32),
    ctime: opt(2, kerberosTime),
    cusec: opt(3, microseconds),
    stime: req(4, kerberosTime),
    susec: req(5, microseconds),
    errorCode: req(6, int32),
    crealm: opt(7, kerberosString),
    cname: opt(8, PrincipalName),
    realm: req(9, kerberosString),
    sname: req(10, PrincipalName),
    eText: opt(11, kerberosString),
    eData: opt(12, octets),
  }),
);
export type KrbError = Of<typeof KrbError>;

/** A KDC's refusal: its number, the registry's name for it, the KDC's clock and its e-data. */
export class KrbErrorReply extends KerberosError {
  override readonly name = 'KrbErrorReply';
  readonly errorCode: number;
  readonly errorName: KrbErrorName | undefined;
  readonly serverTime: Date;
  readonly eData: Uint8Array | undefined;
  /** The realm that the KDC names for the client: where to ask instead, in WRONG_REALM (RFC 6806 section 7). */
  readonly clientRealm: string | undefined;

  constructor(error: KrbError) {
    const known = describeErrorCode(error.errorCode);
    super(
      'krb-error',
      `The domain controller refused: ${known?.text ?? 'an error that is not in the registry'} (${known?.name ?? 'error'} ${error.errorCode}).`,
      {
        errorCode: error.errorCode,
        eText: error.eText,
      },
    );
    this.errorCode = error.errorCode;
    this.errorName = known?.name;
    this.serverTime = error.stime;
    this.eData = error.eData;
    this.clientRealm = error.crealm;
  }
}
