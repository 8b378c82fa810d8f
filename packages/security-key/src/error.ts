/** The errors of this package: one class with a stable code, and the words for each CTAP status (CTAP 2.1, section 8.2). */
import { STATUS } from './registry.ts';

export type SecurityKeyErrorCode =
  | 'key-unreachable'
  | 'key-ambiguous'
  | 'key-busy'
  | 'tools-missing'
  | 'key-in-use'
  | 'protocol-error'
  | 'request-invalid'
  | 'origin-invalid'
  | 'rp-id-mismatch'
  | 'pin-invalid'
  | 'pin-auth-blocked'
  | 'pin-auth-invalid'
  | 'pin-blocked'
  | 'pin-not-set'
  | 'pin-already-set'
  | 'pin-required'
  | 'pin-policy-violation'
  | 'pin-change-required'
  | 'uv-blocked'
  | 'uv-invalid'
  | 'no-credentials'
  | 'credential-excluded'
  | 'key-store-full'
  | 'unsupported-algorithm'
  | 'unsupported-option'
  | 'touch-denied'
  | 'touch-timeout'
  | 'cancelled'
  | 'not-allowed'
  | 'state-corrupt'
  | 'state-in-use'
  | 'state-unwritable'
  | 'assertion-invalid'
  | 'key-error';

/**
 * Anything that goes wrong with a security key. `code` is stable, `message` is for people and says what to do
 * next, `details` are for the log. None of them holds a PIN or key material.
 */
export class SecurityKeyError extends Error {
  override readonly name = 'SecurityKeyError';
  readonly code: SecurityKeyErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  constructor(
    code: SecurityKeyErrorCode,
    message: string,
    details?: Record<string, unknown>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

type Words = readonly [SecurityKeyErrorCode, string];

const WORDS: ReadonlyMap<number, Words> = new Map<number, Words>([
  [STATUS.PIN_INVALID, ['pin-invalid', 'Wrong PIN; try again.']],
  [
    STATUS.PIN_AUTH_BLOCKED,
    ['pin-auth-blocked', 'Three wrong PINs in a row: take the key out, put it in again, then enter the PIN.'],
  ],
  [
    STATUS.PIN_BLOCKED,
    [
      'pin-blocked',
      'The key is locked after too many wrong PINs; reset it (this erases it) and register it again.',
    ],
  ],
  [STATUS.PIN_AUTH_INVALID, ['pin-auth-invalid', 'The key did not accept the PIN proof; start again.']],
  [STATUS.PIN_NOT_SET, ['pin-not-set', 'The key has no PIN yet; set one first.']],
  [STATUS.PUAT_REQUIRED, ['pin-required', 'The key asks for its PIN; enter it and try again.']],
  [
    STATUS.PIN_POLICY_VIOLATION,
    ['pin-policy-violation', 'The key refused this PIN; use at least 4 characters, and at most 63 bytes.'],
  ],
  [
    STATUS.NO_CREDENTIALS,
    ['no-credentials', 'The key holds no credential for this site; register it first.'],
  ],
  [
    STATUS.CREDENTIAL_EXCLUDED,
    [
      'credential-excluded',
      'This key is already registered for this account; use it to sign in, or take another.',
    ],
  ],
  [STATUS.KEY_STORE_FULL, ['key-store-full', 'The key is full; delete a credential or take another key.']],
  [
    STATUS.UNSUPPORTED_ALGORITHM,
    [
      'unsupported-algorithm',
      'The key knows none of the algorithms that the site accepts; take another key.',
    ],
  ],
  [STATUS.UNSUPPORTED_OPTION, ['unsupported-option', 'The key cannot do what was asked; take another key.']],
  [
    STATUS.OPERATION_DENIED,
    ['touch-denied', 'The request was declined at the key; start again to approve it.'],
  ],
  [STATUS.USER_ACTION_TIMEOUT, ['touch-timeout', 'The key was not touched in time; start again.']],
  [STATUS.KEEPALIVE_CANCEL, ['cancelled', 'The request was cancelled; start again when ready.']],
  [STATUS.ACTION_TIMEOUT, ['touch-timeout', 'The key was not touched in time; start again.']],
  [STATUS.TIMEOUT, ['touch-timeout', 'The key gave up waiting; start again.']],
  [STATUS.UP_REQUIRED, ['touch-denied', 'The key asks for a touch; start again and touch it.']],
  [STATUS.NOT_ALLOWED, ['not-allowed', 'The key does not allow this now; start again.']],
  [
    STATUS.UNAUTHORIZED_PERMISSION,
    ['not-allowed', 'The key does not allow this with the proof that it was given; start again.'],
  ],
  [STATUS.UV_INVALID, ['uv-invalid', 'The key did not recognise you; try again, or use its PIN.']],
  [
    STATUS.UV_BLOCKED,
    ['uv-blocked', 'The key recognises nobody any more after too many tries; use its PIN.'],
  ],
  [STATUS.PIN_TOKEN_EXPIRED, ['pin-auth-invalid', 'The PIN was entered too long ago; start again.']],
  [STATUS.FP_DATABASE_FULL, ['key-store-full', 'The key has no room for another fingerprint; delete one.']],
  [
    STATUS.LARGE_BLOB_STORAGE_FULL,
    ['key-store-full', 'The key has no room for this; delete something from it.'],
  ],
  [STATUS.LIMIT_EXCEEDED, ['unsupported-option', 'This is more than the key can hold; take another key.']],
  [STATUS.REQUEST_TOO_LARGE, ['unsupported-option', 'This is more than the key can take; take another key.']],
  [
    STATUS.UNSUPPORTED_EXTENSION,
    ['unsupported-option', 'The key cannot do what was asked; take another key.'],
  ],
  [STATUS.INVALID_OPTION, ['unsupported-option', 'The key cannot do what was asked now; take another key.']],
  [STATUS.INVALID_COMMAND, ['unsupported-option', 'The key does not know this command; take another key.']],
  [
    STATUS.INVALID_SUBCOMMAND,
    ['unsupported-option', 'The key does not know this command; take another key.'],
  ],
  [
    STATUS.INVALID_CREDENTIAL,
    ['no-credentials', 'The key does not accept this credential; register it first.'],
  ],
  ...[
    STATUS.CHANNEL_BUSY,
    STATUS.LOCK_REQUIRED,
    STATUS.PROCESSING,
    STATUS.USER_ACTION_PENDING,
    STATUS.OPERATION_PENDING,
  ].map((status): [number, Words] => [
    status,
    ['key-busy', 'The key is at work for another program; wait half a minute, or put it in again.'],
  ]),
]);

/** A wrong PIN's error, with the tries that are left. */
export function wrongPin(retries: number, details: Readonly<Record<string, unknown>> = {}): SecurityKeyError {
  const left = retries === 1 ? '1 try is' : `${retries} tries are`;
  return new SecurityKeyError('pin-invalid', `Wrong PIN; ${left} left before the key locks.`, {
    ...details,
    retries,
  });
}

/** A CTAP status as it is written: 0x31. */
export const hexStatus = (status: number): string => `0x${status.toString(16).padStart(2, '0')}`;

/** The error for a CTAP status byte other than 0. */
export function errorForStatus(status: number, command: number): SecurityKeyError {
  const hex = hexStatus(status);
  const [code, message] = WORDS.get(status) ?? [
    'key-error',
    `The key refused the request (CTAP status ${hex}); start again, or take another key.`,
  ];
  return new SecurityKeyError(code, message, { status: hex, command });
}
