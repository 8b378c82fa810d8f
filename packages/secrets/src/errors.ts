/** The errors of this package: a stable `code`, a text for people, and details for the log. */

export type SecretsErrorCode =
  | 'master-key-exists'
  | 'master-key-missing'
  | 'master-key-malformed'
  | 'master-key-exposed'
  | 'master-key-wrong'
  | 'sealed-value-malformed'
  | 'sealed-value-altered';

export class SecretsError extends Error {
  override readonly name = 'SecretsError';
  readonly code: SecretsErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SecretsErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
