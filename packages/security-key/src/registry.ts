/**
 * The numbers of CTAP 2.1 that this package speaks: commands, status codes, permissions, limits.
 * (CTAP 2.1 sections 6, 8.2 and 11.2; COSE numbers from the IANA COSE registry.)
 */

/** Frame commands on the socket, as in CTAPHID (section 11.2.9). */
export const HID = { PING: 0x01, CBOR: 0x10, CANCEL: 0x11, KEEPALIVE: 0x3b, ERROR: 0x3f } as const;

/** One-byte reasons of an ERROR frame (section 11.2.9.1.6). */
export const HID_ERROR = { INVALID_COMMAND: 0x01, INVALID_LENGTH: 0x03, CHANNEL_BUSY: 0x06 } as const;

/** KEEPALIVE status (section 11.2.9.1.7): the key waits for a touch. */
export const KEEPALIVE_UP_NEEDED = 0x02;

/** authenticator API commands (section 6). */
export const COMMAND = {
  MAKE_CREDENTIAL: 0x01,
  GET_ASSERTION: 0x02,
  GET_INFO: 0x04,
  CLIENT_PIN: 0x06,
  RESET: 0x07,
  GET_NEXT_ASSERTION: 0x08,
  CREDENTIAL_MANAGEMENT: 0x0a,
  SELECTION: 0x0b,
  CONFIG: 0x0d,
  /** Credential management before it had its number in CTAP 2.1; libfido2 1.12 sends no other. */
  CREDENTIAL_MANAGEMENT_PREVIEW: 0x41,
} as const;

/** authenticatorClientPIN subcommands (section 6.5.5). */
export const PIN_COMMAND = {
  GET_PIN_RETRIES: 0x01,
  GET_KEY_AGREEMENT: 0x02,
  SET_PIN: 0x03,
  CHANGE_PIN: 0x04,
  GET_PIN_TOKEN: 0x05,
  GET_TOKEN_USING_PIN: 0x09,
} as const;

/** Permissions of a pinUvAuthToken (section 6.5.5.7). */
export const PERMISSION = {
  MAKE_CREDENTIAL: 0x01,
  GET_ASSERTION: 0x02,
  CREDENTIAL_MANAGEMENT: 0x04,
  CONFIGURATION: 0x20,
} as const;

/** authenticatorConfig subcommands (section 6.11). */
export const CONFIG_COMMAND = { SET_MIN_PIN_LENGTH: 0x03 } as const;

/** authenticatorCredentialManagement subcommands (section 6.8). */
export const CREDENTIAL_COMMAND = {
  GET_METADATA: 0x01,
  ENUMERATE_RPS: 0x02,
  NEXT_RP: 0x03,
  ENUMERATE_CREDENTIALS: 0x04,
  NEXT_CREDENTIAL: 0x05,
  DELETE: 0x06,
  UPDATE_USER: 0x07,
} as const;

/** Status codes (section 8.2) that the key answers or the client explains. */
export const STATUS = {
  OK: 0x00,
  INVALID_COMMAND: 0x01,
  INVALID_PARAMETER: 0x02,
  INVALID_LENGTH: 0x03,
  INVALID_SEQ: 0x04,
  TIMEOUT: 0x05,
  CHANNEL_BUSY: 0x06,
  LOCK_REQUIRED: 0x0a,
  INVALID_CHANNEL: 0x0b,
  CBOR_UNEXPECTED_TYPE: 0x11,
  INVALID_CBOR: 0x12,
  MISSING_PARAMETER: 0x14,
  LIMIT_EXCEEDED: 0x15,
  UNSUPPORTED_EXTENSION: 0x16,
  FP_DATABASE_FULL: 0x17,
  LARGE_BLOB_STORAGE_FULL: 0x18,
  CREDENTIAL_EXCLUDED: 0x19,
  PROCESSING: 0x21,
  INVALID_CREDENTIAL: 0x22,
  USER_ACTION_PENDING: 0x23,
  OPERATION_PENDING: 0x24,
  NO_OPERATIONS: 0x25,
  UNSUPPORTED_ALGORITHM: 0x26,
  OPERATION_DENIED: 0x27,
  KEY_STORE_FULL: 0x28,
  NOT_BUSY: 0x29,
  NO_OPERATION_PENDING: 0x2a,
  UNSUPPORTED_OPTION: 0x2b,
  INVALID_OPTION: 0x2c,
  KEEPALIVE_CANCEL: 0x2d,
  NO_CREDENTIALS: 0x2e,
  USER_ACTION_TIMEOUT: 0x2f,
  NOT_ALLOWED: 0x30,
  PIN_INVALID: 0x31,
  PIN_BLOCKED: 0x32,
  PIN_AUTH_INVALID: 0x33,
  PIN_AUTH_BLOCKED: 0x34,
  PIN_NOT_SET: 0x35,
  PUAT_REQUIRED: 0x36,
  PIN_POLICY_VIOLATION: 0x37,
  PIN_TOKEN_EXPIRED: 0x38,
  REQUEST_TOO_LARGE: 0x39,
  ACTION_TIMEOUT: 0x3a,
  UP_REQUIRED: 0x3b,
  UV_BLOCKED: 0x3c,
  INTEGRITY_FAILURE: 0x3d,
  INVALID_SUBCOMMAND: 0x3e,
  UV_INVALID: 0x3f,
  UNAUTHORIZED_PERMISSION: 0x40,
  OTHER: 0x7f,
} as const;

/** Authenticator data flags (WebAuthn level 2, section 6.1). */
export const FLAG = { UP: 0x01, UV: 0x04, ATTESTED: 0x40, EXTENSIONS: 0x80 } as const;

/** COSE algorithms (IANA); the software key signs with the first two. */
export const ALGORITHM = { ES256: -7, EDDSA: -8, ES384: -35, RS256: -257 } as const;

/** The software key's AAGUID: a random UUID, by which a tenant knows (and by default refuses) it. */
export const SOFTWARE_KEY_AAGUID = 'd93bff66-e070-4bc3-af3f-3d506936e0f0';

/** Bounds. Sizes in bytes, times in milliseconds. */
export const LIMIT = {
  /** The largest CTAPHID message (section 11.2.4), advertised as maxMsgSize. */
  MESSAGE: 7609,
  /** Nested maps and arrays (section 8). */
  CBOR_DEPTH: 4,
  CREDENTIALS: 100,
  /** Resident credentials that a client believes a key to hold. */
  RESIDENT: 1000,
  CREDENTIALS_IN_LIST: 32,
  /** Credentials of a list that a hardware key is asked for, one by one. */
  ASKED_FOR: 32,
  CREDENTIAL_ID: 255,
  RP_ID: 253,
  NAME: 64,
  USER_HANDLE: 64,
  PIN_MIN_CHARACTERS: 4,
  PIN_MAX: 63,
  PIN_RETRIES: 8,
  /** Wrong PINs in a row until a power cycle is needed (section 6.5.5). */
  PIN_TRIES_PER_POWER_CYCLE: 3,
  TOUCH_TIMEOUT: 30_000,
  /** A token must be used first within 30 s, and dies after ten minutes (section 6.5.2.1). */
  TOKEN_FIRST_USE: 30_000,
  TOKEN_USE: 600_000,
  NEXT_ASSERTION: 30_000,
} as const;
