/** A refusal that goes to the client as a KRB-ERROR (RFC 4120 section 5.9.1). */
import { KerberosError, type KerberosErrorCode, KRB_ERROR_CODES, type KrbErrorName } from '@kennel/kerberos';

export class KdcError extends Error {
  override readonly name = 'KdcError';
  readonly error: KrbErrorName;
  /** e-data of the KRB-ERROR. */
  readonly data: Uint8Array | undefined;

  /** @param reason for the KDC's own log; it does not leave the KDC */
  constructor(error: KrbErrorName, reason: string, data?: Uint8Array) {
    super(reason);
    this.error = error;
    this.data = data;
  }

  get code(): number {
    return KRB_ERROR_CODES[this.error].code;
  }
}

const BY_LIBRARY_CODE: Partial<Record<KerberosErrorCode, KrbErrorName>> = {
  'integrity-check-failed': 'BAD_INTEGRITY',
  'pac-signature-invalid': 'BAD_INTEGRITY',
  'pac-malformed': 'TGT_REVOKED',
  'sid-malformed': 'TGT_REVOKED',
  'etype-unsupported': 'ETYPE_NOSUPP',
  'ticket-expired': 'TKT_EXPIRED',
  'ticket-not-yet-valid': 'TKT_NYV',
  'clock-skew': 'SKEW',
  replayed: 'REPEAT',
  'token-refused': 'BADMATCH',
};

/** What the client is told for any error: a refusal as it is, the library's by their code, all else as GENERIC. */
export function toKdcError(error: unknown): KdcError {
  if (error instanceof KdcError) return error;
  const name = error instanceof KerberosError ? BY_LIBRARY_CODE[error.code] : undefined;
  return new KdcError(name ?? 'GENERIC', error instanceof Error ? error.message : 'unknown');
}
