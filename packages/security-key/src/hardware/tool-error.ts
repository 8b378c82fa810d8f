/**
 * What libfido2's tools say when they fail. They exit with 1 and name the reason in the last line of standard error,
 * `fido2-assert: fido_dev_get_assert: FIDO_ERR_PIN_INVALID`: the names of <fido/err.h>, most of them CTAP's statuses.
 */
import { errorForStatus, hexStatus, SecurityKeyError } from '../error.ts';
import { STATUS } from '../registry.ts';

/** Names of libfido2 for CTAP statuses (CTAP 2.1, section 8.2). */
export const CTAP_NAMES: ReadonlyMap<string, number> = new Map([
  ['FIDO_ERR_INVALID_COMMAND', STATUS.INVALID_COMMAND],
  ['FIDO_ERR_INVALID_PARAMETER', STATUS.INVALID_PARAMETER],
  ['FIDO_ERR_INVALID_LENGTH', STATUS.INVALID_LENGTH],
  ['FIDO_ERR_INVALID_SEQ', STATUS.INVALID_SEQ],
  ['FIDO_ERR_TIMEOUT', STATUS.TIMEOUT],
  ['FIDO_ERR_CHANNEL_BUSY', STATUS.CHANNEL_BUSY],
  ['FIDO_ERR_LOCK_REQUIRED', STATUS.LOCK_REQUIRED],
  ['FIDO_ERR_INVALID_CHANNEL', STATUS.INVALID_CHANNEL],
  ['FIDO_ERR_CBOR_UNEXPECTED_TYPE', STATUS.CBOR_UNEXPECTED_TYPE],
  ['FIDO_ERR_INVALID_CBOR', STATUS.INVALID_CBOR],
  ['FIDO_ERR_MISSING_PARAMETER', STATUS.MISSING_PARAMETER],
  ['FIDO_ERR_LIMIT_EXCEEDED', STATUS.LIMIT_EXCEEDED],
  ['FIDO_ERR_UNSUPPORTED_EXTENSION', STATUS.UNSUPPORTED_EXTENSION],
  ['FIDO_ERR_FP_DATABASE_FULL', STATUS.FP_DATABASE_FULL],
  ['FIDO_ERR_LARGEBLOB_STORAGE_FULL', STATUS.LARGE_BLOB_STORAGE_FULL],
  ['FIDO_ERR_CREDENTIAL_EXCLUDED', STATUS.CREDENTIAL_EXCLUDED],
  ['FIDO_ERR_PROCESSING', STATUS.PROCESSING],
  ['FIDO_ERR_INVALID_CREDENTIAL', STATUS.INVALID_CREDENTIAL],
  ['FIDO_ERR_USER_ACTION_PENDING', STATUS.USER_ACTION_PENDING],
  ['FIDO_ERR_OPERATION_PENDING', STATUS.OPERATION_PENDING],
  ['FIDO_ERR_NO_OPERATIONS', STATUS.NO_OPERATIONS],
  ['FIDO_ERR_UNSUPPORTED_ALGORITHM', STATUS.UNSUPPORTED_ALGORITHM],
  ['FIDO_ERR_OPERATION_DENIED', STATUS.OPERATION_DENIED],
  ['FIDO_ERR_KEY_STORE_FULL', STATUS.KEY_STORE_FULL],
  ['FIDO_ERR_NOT_BUSY', STATUS.NOT_BUSY],
  ['FIDO_ERR_NO_OPERATION_PENDING', STATUS.NO_OPERATION_PENDING],
  ['FIDO_ERR_UNSUPPORTED_OPTION', STATUS.UNSUPPORTED_OPTION],
  ['FIDO_ERR_INVALID_OPTION', STATUS.INVALID_OPTION],
  ['FIDO_ERR_KEEPALIVE_CANCEL', STATUS.KEEPALIVE_CANCEL],
  ['FIDO_ERR_NO_CREDENTIALS', STATUS.NO_CREDENTIALS],
  ['FIDO_ERR_USER_ACTION_TIMEOUT', STATUS.USER_ACTION_TIMEOUT],
  ['FIDO_ERR_NOT_ALLOWED', STATUS.NOT_ALLOWED],
  ['FIDO_ERR_PIN_INVALID', STATUS.PIN_INVALID],
  ['FIDO_ERR_PIN_BLOCKED', STATUS.PIN_BLOCKED],
  ['FIDO_ERR_PIN_AUTH_INVALID', STATUS.PIN_AUTH_INVALID],
  ['FIDO_ERR_PIN_AUTH_BLOCKED', STATUS.PIN_AUTH_BLOCKED],
  ['FIDO_ERR_PIN_NOT_SET', STATUS.PIN_NOT_SET],
  ['FIDO_ERR_PIN_REQUIRED', STATUS.PUAT_REQUIRED],
  ['FIDO_ERR_PIN_POLICY_VIOLATION', STATUS.PIN_POLICY_VIOLATION],
  ['FIDO_ERR_PIN_TOKEN_EXPIRED', STATUS.PIN_TOKEN_EXPIRED],
  ['FIDO_ERR_REQUEST_TOO_LARGE', STATUS.REQUEST_TOO_LARGE],
  ['FIDO_ERR_ACTION_TIMEOUT', STATUS.ACTION_TIMEOUT],
  ['FIDO_ERR_UP_REQUIRED', STATUS.UP_REQUIRED],
  ['FIDO_ERR_UV_BLOCKED', STATUS.UV_BLOCKED],
  ['FIDO_ERR_INTEGRITY_FAILURE', STATUS.INTEGRITY_FAILURE],
  ['FIDO_ERR_INVALID_SUBCOMMAND', STATUS.INVALID_SUBCOMMAND],
  ['FIDO_ERR_UV_INVALID', STATUS.UV_INVALID],
  ['FIDO_ERR_UNAUTHORIZED_PERM', STATUS.UNAUTHORIZED_PERMISSION],
  ['FIDO_ERR_ERR_OTHER', STATUS.OTHER],
]);

const GONE = 'The security key went away or stopped answering; put it in again and start again.';
const GARBLED = 'The security key gave an answer that cannot be read; put it in again, or take another key.';
const FAULT = 'The tool could not carry the request out; start again, or take another key.';

/** Names that are libfido2's own: the transport, or the tool itself. */
export const LIBRARY_NAMES: ReadonlyMap<
  string,
  readonly ['key-unreachable' | 'protocol-error' | 'key-error', string]
> = new Map([
  ['FIDO_ERR_TX', ['key-unreachable', GONE]],
  ['FIDO_ERR_RX', ['key-unreachable', GONE]],
  ['FIDO_ERR_RX_NOT_CBOR', ['protocol-error', GARBLED]],
  ['FIDO_ERR_RX_INVALID_CBOR', ['protocol-error', GARBLED]],
  ['FIDO_ERR_INVALID_SIG', ['protocol-error', GARBLED]],
  ['FIDO_ERR_INVALID_PARAM', ['key-error', FAULT]],
  ['FIDO_ERR_INVALID_ARGUMENT', ['key-error', FAULT]],
  ['FIDO_ERR_USER_PRESENCE_REQUIRED', ['key-error', FAULT]],
  ['FIDO_ERR_NOTFOUND', ['key-error', FAULT]],
  ['FIDO_ERR_COMPRESS', ['key-error', FAULT]],
  ['FIDO_ERR_INTERNAL', ['key-error', FAULT]],
  ['FIDO_ERR_UNKNOWN', ['key-error', FAULT]],
  ['FIDO_ERR_SPEC_LAST', ['key-error', FAULT]],
]);

/** A tool's failure as a SecurityKeyError. `details` hold the tool's own last word and nothing else of what it said. */
export function errorOfTool(tool: string, exitCode: number | null, stderr: string): SecurityKeyError {
  const said = lastWord(tool, stderr);
  const details = { tool, exitCode, said };
  const name = /\bFIDO_ERR_[A-Z0-9_]+/.exec(said)?.[0];
  if (said.startsWith('fido_dev_open ')) return unreachable(details);
  const status = name === undefined ? undefined : CTAP_NAMES.get(name);
  if (status !== undefined) {
    const { code, message } = errorForStatus(status, 0);
    return new SecurityKeyError(code, message, { ...details, status: hexStatus(status) });
  }
  const [code, message] = LIBRARY_NAMES.get(name ?? '') ?? ['key-error', FAULT];
  return new SecurityKeyError(code, message, details);
}

function unreachable(details: Record<string, unknown>): SecurityKeyError {
  return new SecurityKeyError(
    'key-unreachable',
    'No security key can be opened there; see that it is plugged in (kennel key devices lists them), that no other program uses it, and that you may read and write its device (the udev rules that come with libfido2).',
    details,
  );
}

/** The last line that begins with the tool's name, without it; a prompt may stand before it on the same line. */
function lastWord(tool: string, stderr: string): string {
  const at = stderr.lastIndexOf(`${tool}: `);
  if (at < 0) return '';
  const [line = ''] = stderr.slice(at + tool.length + 2).split('\n');
  return line.replaceAll(/\p{Cc}/gu, '\ufffd').slice(0, 200);
}
