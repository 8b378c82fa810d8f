/** Why a KDC refuses a client, told apart (RFC 4120 section 3.1.3; the reason in e-data: [MS-KILE] 2.2.1, 2.2.2). */
import { type Codec, decodeDer } from '../der/codec.ts';
import { KerberosError, type KerberosErrorCode } from '../errors.ts';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { NTSTATUS } from '../iana/ntstatus.ts';
import { MethodData, PaData } from '../messages/common.ts';
import type { KrbErrorReply } from '../messages/krb-error.ts';
import { findPaData } from '../messages/padata.ts';
import { noCommonEtype } from './client-key.ts';

type Refusal = { code: KerberosErrorCode; message: string };

const LOCKED: Refusal = {
  code: 'account-locked',
  message: 'The account is locked after too many wrong passwords. Wait, or have an administrator unlock it.',
};
const DISABLED: Refusal = {
  code: 'account-disabled',
  message: 'The account is disabled. Ask an administrator.',
};
const EXPIRED: Refusal = {
  code: 'account-expired',
  message: 'The account has expired. Ask an administrator to extend it.',
};
const REFUSED: Refusal = {
  code: 'account-refused',
  message: 'The account may not sign in now, or not from here. Ask an administrator.',
};
const PASSWORD_EXPIRED: Refusal = {
  code: 'password-expired',
  message: 'The password has expired or must be changed. Change it, then try again.',
};

const BY_STATUS: Readonly<Record<number, Refusal>> = {
  [NTSTATUS.ACCOUNT_LOCKED_OUT]: LOCKED,
  [NTSTATUS.ACCOUNT_DISABLED]: DISABLED,
  [NTSTATUS.ACCOUNT_EXPIRED]: EXPIRED,
  [NTSTATUS.PASSWORD_EXPIRED]: PASSWORD_EXPIRED,
  [NTSTATUS.PASSWORD_MUST_CHANGE]: PASSWORD_EXPIRED,
  [NTSTATUS.ACCOUNT_RESTRICTION]: REFUSED,
  [NTSTATUS.INVALID_LOGON_HOURS]: REFUSED,
  [NTSTATUS.INVALID_WORKSTATION]: REFUSED,
};

const BY_ERROR: Readonly<Record<number, Refusal>> = {
  [KRB_ERROR_CODES.PREAUTH_FAILED.code]: {
    code: 'password-wrong',
    message: 'The password or key is wrong.',
  },
  [KRB_ERROR_CODES.KEY_EXPIRED.code]: PASSWORD_EXPIRED,
  [KRB_ERROR_CODES.NAME_EXP.code]: EXPIRED,
  [KRB_ERROR_CODES.CLIENT_REVOKED.code]: {
    code: 'account-refused',
    message: 'The account is disabled or locked. Ask an administrator.',
  },
  [KRB_ERROR_CODES.C_PRINCIPAL_UNKNOWN.code]: {
    code: 'client-unknown',
    message: 'The domain does not know this account. Check the name and the realm.',
  },
};

/** KERB_ERR_TYPE_EXTENDED; the number is that of PA-PW-SALT. */
const EXTENDED = 3;

/** The NTSTATUS in a KERB-EXT-ERROR: Windows sends it alone, Samba among METHOD-DATA. */
function extendedStatus(eData: Uint8Array | undefined): number | undefined {
  const value =
    findPaData(
      readable(PaData, eData, (one) => [one]),
      EXTENDED,
    ) ??
    findPaData(
      readable(MethodData, eData, (all) => all),
      EXTENDED,
    );
  return value && value.length >= 4 ? Buffer.from(value).readUInt32LE() : undefined;
}

/** The padata of an e-data that holds them in this form; undefined where it holds something else. */
function readable<T>(
  codec: Codec<T>,
  eData: Uint8Array | undefined,
  list: (value: T) => PaData[],
): PaData[] | undefined {
  try {
    return eData && list(decodeDer(codec, eData));
  } catch (error) {
    if (error instanceof KerberosError) return undefined; // text, or nothing of this kind
    throw error;
  }
}

/** The error for a refusal that has a name of its own; otherwise the reply as it is. */
export function asRefusal(reply: KrbErrorReply): KerberosError {
  const status = extendedStatus(reply.eData);
  if (reply.errorCode === KRB_ERROR_CODES.ETYPE_NOSUPP.code) return noCommonEtype();
  const refusal = (status === undefined ? undefined : BY_STATUS[status]) ?? BY_ERROR[reply.errorCode];
  if (!refusal) return reply;
  return new KerberosError(refusal.code, refusal.message, { ...reply.details, status, cause: reply });
}
