/** The errors of this library: one class with a stable `code`, and one for a KRB-ERROR that a peer sent. */

export type KerberosErrorCode =
  | 'der-truncated'
  | 'der-malformed'
  | 'der-too-large'
  | 'message-unexpected'
  | 'value-out-of-range'
  | 'etype-unsupported'
  | 'integrity-check-failed'
  | 'pac-malformed'
  | 'pac-signature-invalid'
  | 'sid-malformed'
  | 'ccache-malformed'
  | 'keytab-malformed'
  | 'keytab-empty'
  | 'token-malformed'
  | 'token-refused'
  | 'ticket-expired'
  | 'ticket-not-yet-valid'
  | 'clock-skew'
  | 'replayed'
  | 'reply-mismatch'
  | 'kdc-unreachable'
  | 'kdc-timeout'
  | 'kdc-not-found'
  | 'referral-refused'
  | 'password-wrong'
  | 'password-expired'
  | 'account-expired'
  | 'account-disabled'
  | 'account-locked'
  | 'account-refused'
  | 'client-unknown'
  | 'out-of-sequence'
  | 'context-incomplete'
  | 'krb-error';

/** What went wrong, for people in `message`, for programs in `code`; `details` is for the log only. */
export class KerberosError extends Error {
  override readonly name: string = 'KerberosError';
  readonly code: KerberosErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: KerberosErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
