/** The package's error: a stable code, words for people, details for the log. */
export type ActiveDirectoryErrorCode =
  | 'cldap-malformed'
  | 'netlogon-malformed'
  | 'dc-timeout'
  | 'dc-not-found'
  | 'dc-lacking'
  | 'dc-unreachable'
  | 'dc-not-trusted'
  | 'access-denied'
  | 'rpc-malformed'
  | 'rpc-refused'
  | 'rpc-fault'
  | 'ntlm-refused'
  | 'drs-malformed'
  | 'drs-refused'
  | 'object-not-found'
  | 'secret-malformed'
  | 'key-missing'
  | 'ldap-refused'
  | 'ldap-malformed'
  | 'ldap-failed'
  | 'object-name-taken'
  | 'account-not-found'
  | 'not-a-group'
  | 'ldaps-untrusted'
  | 'rotated-recently'
  | 'rotation-waits'
  | 'hybrid-tenant-differs'
  | 'filter-malformed'
  | 'sync-too-many-deletions';

export class ActiveDirectoryError extends Error {
  override readonly name = 'ActiveDirectoryError';
  readonly code: ActiveDirectoryErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ActiveDirectoryErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
