/** KRB-ERROR codes (RFC 4120 section 7.5.9), each with its name and what it means to a person. */

export const KRB_ERROR_CODES = {
  NAME_EXP: { code: 1, text: 'the account has expired' },
  C_PRINCIPAL_UNKNOWN: { code: 6, text: 'the client is not in the Kerberos database' },
  S_PRINCIPAL_UNKNOWN: { code: 7, text: 'the service is not in the Kerberos database' },
  NEVER_VALID: { code: 11, text: 'the requested ticket would never be valid' },
  POLICY: { code: 12, text: 'the policy of the domain controller rejects the request' },
  BADOPTION: { code: 13, text: 'the domain controller cannot do what was asked for' },
  ETYPE_NOSUPP: { code: 14, text: 'the domain controller supports none of the encryption types' },
  PADATA_TYPE_NOSUPP: { code: 16, text: 'the pre-authentication type is not supported' },
  CLIENT_REVOKED: { code: 18, text: 'the account is disabled or locked out' },
  TGT_REVOKED: { code: 20, text: 'the ticket-granting ticket was refused' },
  KEY_EXPIRED: { code: 23, text: 'the password has expired or must be changed' },
  PREAUTH_FAILED: { code: 24, text: 'the pre-authentication was wrong' },
  PREAUTH_REQUIRED: { code: 25, text: 'pre-authentication is required' },
  SVC_UNAVAILABLE: { code: 29, text: 'the domain controller cannot serve now' },
  BAD_INTEGRITY: { code: 31, text: 'an integrity check failed: the key is not the one expected' },
  TKT_EXPIRED: { code: 32, text: 'the ticket has expired' },
  TKT_NYV: { code: 33, text: 'the ticket is not valid yet' },
  REPEAT: { code: 34, text: 'the request was seen before' },
  NOT_US: { code: 35, text: 'the ticket is not for this domain controller' },
  BADMATCH: { code: 36, text: 'ticket and authenticator do not match' },
  SKEW: { code: 37, text: 'the clocks differ by too much' },
  BADVERSION: { code: 39, text: 'the protocol version is wrong' },
  MSG_TYPE: { code: 40, text: 'the message type is not one that is served here' },
  MODIFIED: { code: 41, text: 'the message was modified' },
  BADKEYVER: { code: 44, text: 'the version of the key is not known' },
  INAPP_CKSUM: { code: 50, text: 'the checksum type is not acceptable' },
  RESPONSE_TOO_BIG: { code: 52, text: 'the answer does not fit a datagram; TCP is needed' },
  GENERIC: { code: 60, text: 'the domain controller reports an error of its own' },
  FIELD_TOOLONG: { code: 61, text: 'a field is too long' },
  WRONG_REALM: { code: 68, text: 'the client belongs to another realm' },
} as const;

export type KrbErrorName = keyof typeof KRB_ERROR_CODES;

const BY_CODE = new Map(
  Object.entries(KRB_ERROR_CODES).map(([name, { code, text }]) => [
    code as number,
    { name: name as KrbErrorName, text },
  ]),
);

/** Name and plain words of an error code; undefined for a number that the registry does not hold. */
export function describeErrorCode(code: number): { name: KrbErrorName; text: string } | undefined {
  return BY_CODE.get(code);
}
