/** The one error class of this package; each `code` is stable and may be matched by callers. */

/** What can be wrong with a message of this protocol. */
export type PrtErrorCode =
  | 'malformed-base64'
  | 'malformed-jws'
  | 'malformed-jwe'
  | 'malformed-assertion'
  | 'malformed-transport-key'
  | 'unsupported-transport-key'
  | 'bad-signature'
  | 'bad-session-key'
  | 'decryption-failed';

/**
 * A message that does not fit the protocol, or does not verify. `message` is for people and says what to do;
 * `details` is for the log. Neither ever holds key material.
 */
export class PrtError extends Error {
  override readonly name = 'PrtError';
  readonly code: PrtErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: PrtErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
