/**
 * The one error class of the tenant and the registry of its codes: HTTP status, OAuth `error` (RFC 6749 section
 * 5.2) and number of `error_codes`, each once. Where brokers know a public AADSTS number for a case it is that
 * one; the numbers from 9300000 are ours.
 */

const registry = {
  // What any request may meet.
  'request-malformed': [400, 'invalid_request', 9300000],
  'request-too-large': [413, 'invalid_request', 9300001],
  'not-found': [404, 'invalid_request', 9300002],
  'tenant-unknown': [400, 'invalid_request', 90002],
  'grant-type-unsupported': [400, 'unsupported_grant_type', 70003],
  'internal-error': [500, 'server_error', 9300003],
  // Nonces and assertions.
  'nonce-unknown': [400, 'invalid_grant', 9300010],
  'nonce-expired': [400, 'invalid_grant', 9300011],
  'nonce-replayed': [400, 'invalid_grant', 9300012],
  'assertion-invalid': [400, 'invalid_grant', 9300020],
  'assertion-wrong-device': [400, 'invalid_grant', 9300021],
  'assertion-wrong-purpose': [400, 'invalid_grant', 9300022],
  'key-unknown': [400, 'invalid_grant', 9300030],
  'key-removed': [400, 'invalid_grant', 9300031],
  'key-counter-regressed': [400, 'invalid_grant', 9300032],
  'software-key-refused': [400, 'invalid_grant', 9300033],
  'changed-meanwhile': [400, 'invalid_grant', 9300034],
  'user-disabled': [400, 'invalid_grant', 50057],
  // Devices.
  'token-invalid': [401, 'invalid_token', 9300040],
  'join-type-unsupported': [400, 'invalid_request', 9300041],
  'certificate-request-invalid': [400, 'invalid_request', 9300042],
  'transport-key-invalid': [400, 'invalid_request', 9300043],
  'device-limit-reached': [400, 'invalid_request', 9300044],
  'device-not-announced': [400, 'invalid_client', 9300256],
  'device-registered': [409, 'invalid_request', 9300257],
  'hybrid-identity-invalid': [400, 'invalid_client', 9300258],
  'device-unknown': [400, 'invalid_client', 700003],
  'device-disabled': [400, 'invalid_client', 135011],
  'device-certificate-foreign': [400, 'invalid_client', 50155],
  'device-certificate-superseded': [400, 'invalid_client', 9300045],
  'device-certificate-expired': [400, 'invalid_client', 9300046],
  'device-signature-invalid': [400, 'invalid_client', 9300047],
  // Using a Primary Refresh Token.
  'prt-unknown': [400, 'invalid_grant', 9300250],
  'prt-superseded': [400, 'invalid_grant', 9300251],
  'prt-reused': [400, 'invalid_grant', 9300252],
  'prt-signature-invalid': [400, 'invalid_grant', 9300253],
  'resource-unknown': [400, 'invalid_resource', 9300254],
  'security-key-required': [400, 'invalid_grant', 9300255],
  // Administration.
  'user-not-found': [404, 'invalid_request', 9300050],
  'user-exists': [409, 'invalid_request', 9300051],
  'user-ambiguous': [409, 'invalid_request', 9300052],
  'sid-taken': [409, 'invalid_request', 9300053],
  'sid-outside-domain': [400, 'invalid_request', 9300054],
  'on-premises-incomplete': [400, 'invalid_request', 9300055],
  'key-not-found': [404, 'invalid_request', 9300056],
  'key-exists': [409, 'invalid_request', 9300057],
  'challenge-unknown': [400, 'invalid_request', 9300058],
  'registration-invalid': [400, 'invalid_request', 9300059],
  'device-not-found': [404, 'invalid_request', 9300060],
  'kerberos-domain-not-found': [404, 'invalid_request', 9300061],
  'krbtgt-key-older': [409, 'invalid_request', 9300062],
  'krbtgt-number-differs': [409, 'invalid_request', 9300220],
  'krbtgt-key-not-pending': [409, 'invalid_request', 9300221],
  'probe-invalid': [400, 'invalid_request', 9300222],
  'probe-user-elsewhere': [400, 'invalid_request', 9300223],
  // The metadata service.
  'metadata-not-configured': [404, 'invalid_request', 9300063],
  'metadata-unreachable': [503, 'temporarily_unavailable', 9300064],
  'metadata-invalid': [400, 'invalid_request', 9300065],
  'metadata-stale': [409, 'invalid_request', 9300066],
  'metadata-older': [409, 'invalid_request', 9300067],
  'key-model-unknown': [404, 'invalid_request', 9300068],
  // What policy says of a security key.
  'attestation-required': [400, 'invalid_grant', 9300100],
  'key-model-not-allowed': [400, 'invalid_grant', 9300101],
  'key-model-revoked': [400, 'invalid_grant', 9300102],
  'certification-too-low': [400, 'invalid_grant', 9300103],
  'synced-not-allowed': [400, 'invalid_grant', 9300104],
  'device-bound-not-allowed': [400, 'invalid_grant', 9300105],
  'transport-not-allowed': [400, 'invalid_grant', 9300106],
  'self-service-off': [403, 'access_denied', 9300107],
  // Groups and policies.
  'group-not-found': [404, 'invalid_request', 9300110],
  'group-exists': [409, 'invalid_request', 9300111],
  'group-in-use': [409, 'invalid_request', 9300112],
  'policy-not-found': [404, 'invalid_request', 9300113],
  'policy-order-incomplete': [400, 'invalid_request', 9300114],
  'policy-locks-you-out': [409, 'invalid_request', 9300115],
  // Signing in on a page, sessions, codes.
  'pages-not-built': [503, 'temporarily_unavailable', 9300150],
  'sign-in-page-over': [400, 'invalid_request', 9300151],
  'session-over': [401, 'invalid_token', 9300152],
  'client-not-registered': [400, 'unauthorized_client', 700016],
  'redirect-uri-unknown': [400, 'invalid_request', 50011],
  'code-invalid': [400, 'invalid_grant', 9300153],
  'pkce-wrong': [400, 'invalid_grant', 9300154],
  'refresh-token-invalid': [400, 'invalid_grant', 9300155],
  'key-of-another-user': [400, 'invalid_grant', 9300156],
  'proof-of-another-key-required': [403, 'access_denied', 9300157],
  'last-key-unconfirmed': [409, 'invalid_request', 9300158],
  'first-administrator-link-invalid': [403, 'access_denied', 9300159],
  // Who may call what.
  'authentication-required': [401, 'invalid_token', 9300120],
  'right-missing': [403, 'access_denied', 9300121],
  'fresh-assertion-required': [401, 'insufficient_user_authentication', 9300122],
  'outside-connector-domain': [403, 'access_denied', 9300123],
  'enrolment-token-invalid': [400, 'invalid_grant', 9300124],
  'client-assertion-invalid': [401, 'invalid_client', 9300125],
  'client-revoked': [401, 'invalid_client', 9300126],
  'client-not-found': [404, 'invalid_request', 9300127],
  'client-exists': [409, 'invalid_request', 9300128],
  // Temporary Access Passes.
  'pass-not-found': [404, 'invalid_request', 9300190],
  'pass-invalid': [400, 'invalid_grant', 9300191],
  'pass-locked': [429, 'invalid_grant', 9300192],
  'pass-busy': [503, 'temporarily_unavailable', 9300193],
  'pass-outside-policy': [400, 'invalid_request', 9300194],
  'passes-off': [403, 'access_denied', 9300195],
  'pass-used': [400, 'invalid_grant', 9300196],
  'user-name-incomplete': [400, 'invalid_request', 9300197],
  // Who may join devices.
  'join-not-allowed': [403, 'access_denied', 9300280],
  'join-requires-key': [403, 'access_denied', 9300281],
  'device-ca-invalid': [400, 'invalid_request', 9300282],
  'hello-key-refused': [403, 'access_denied', 9300283],
  // Sync from on-premises domains.
  'sync-busy': [409, 'temporarily_unavailable', 9300130],
  'sync-run-over': [409, 'invalid_request', 9300131],
  'sync-out-of-order': [409, 'invalid_request', 9300132],
  'sync-too-many-deletions': [409, 'invalid_request', 9300133],
  'sync-domain-differs': [409, 'invalid_request', 9300134],
  'sync-domain-not-found': [404, 'invalid_request', 9300135],
  'synced-value': [409, 'invalid_request', 9300136],
  'synced-account-not-found': [404, 'invalid_request', 9300270],
  'too-many-allowed': [400, 'invalid_request', 9300271],
  // What the directory says of a user's account.
  'account-deleted': [400, 'invalid_grant', 9300137],
  'account-disabled-on-premises': [400, 'invalid_grant', 9300138],
  'account-expired-on-premises': [400, 'invalid_grant', 9300139],
  'account-locked-on-premises': [400, 'invalid_grant', 9300140],
  'tgt-password-expired': [400, 'invalid_request', 9300141],
  'tgt-password-must-change': [400, 'invalid_request', 9300142],
  'tgt-not-in-domain-users': [400, 'invalid_request', 9300143],
  // Why a PRT came without a ticket; never an HTTP answer of its own.
  'tgt-no-on-premises-user': [400, 'invalid_request', 9300070],
  'tgt-no-kerberos-domain': [400, 'invalid_request', 9300071],
  'tgt-sid-outside-domain': [400, 'invalid_request', 9300072],
  'tgt-protected-account': [400, 'invalid_request', 9300073],
  'tgt-mint-failed': [400, 'server_error', 9300074],
  // Set-up and start; met on the command line only.
  'config-missing': [500, 'server_error', 9300080],
  'config-invalid': [500, 'server_error', 9300081],
  'config-exists': [409, 'invalid_request', 9300082],
  'rp-id-changed': [500, 'server_error', 9300083],
  'store-not-initialised': [500, 'server_error', 9300084],
  'store-unreachable': [500, 'server_error', 9300085],
  'tenant-already-running': [409, 'server_error', 9300086],
  'tenant-not-running': [503, 'server_error', 9300087],
  'socket-path-too-long': [500, 'server_error', 9300088],
  'state-dir-exposed': [500, 'server_error', 9300090],
  'address-in-use': [500, 'server_error', 9300089],
} as const satisfies Record<string, readonly [status: number, oauth: string, number: number]>;

export type TenantErrorCode = keyof typeof registry;

/** Status, OAuth error and number of a code. */
export function errorFacts(code: TenantErrorCode): { status: number; oauth: string; number: number } {
  const [status, oauth, number] = registry[code];
  return { status, oauth, number };
}

/** Whether a text (a `suberror` that came over a wire) is one of the codes. */
export function isTenantErrorCode(text: string): text is TenantErrorCode {
  return Object.hasOwn(registry, text);
}

/** `message` is for the person and says what to do next; `details` is for the log; neither holds key material. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
  readonly code: TenantErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: TenantErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}
