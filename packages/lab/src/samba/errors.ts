/** The errors of the Samba domain: each says what to do next, with the program's own output as details. */

export type SambaErrorCode =
  | 'not-root'
  | 'program-failed'
  | 'program-missing'
  | 'namespace-failed'
  | 'provision-failed'
  | 'not-ready'
  | 'unknown-account'
  | 'no-keytab';

/** `message` is for people; `details` holds the output of the program that failed. */
export class SambaError extends Error {
  override readonly name = 'SambaError';
  readonly code: SambaErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SambaErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
