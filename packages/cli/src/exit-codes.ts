/** Exit codes: one for each thing that a script would act on. The page docs/exit-codes.md is made of this table. */

interface ExitCode {
  exit: number;
  meaning: string;
  /** The errors' codes. */
  codes: readonly string[];
}

export const EXIT = { USAGE: 2, AUDIT_BROKEN: 5, BATCH_INCOMPLETE: 76 } as const;

export const EXIT_CODES: readonly ExitCode[] = [
  {
    exit: 2,
    meaning: 'the command line is wrong',
    codes: [
      'usage',
      'filter-malformed',
      'pin-missing',
      'file-unreadable',
      'batch-invalid',
      'file-unwritable',
      'krb5-conf-unwritable',
      'cancelled',
      'demo-home-in-use',
      'tenant-url-invalid',
      'ccache-unsupported',
    ],
  },
  {
    exit: 3,
    meaning: 'the tenant does not run or cannot be reached',
    codes: ['tenant-not-running', 'tenant-unreachable'],
  },
  {
    exit: 4,
    meaning: "the tenant's TLS certificate is not trusted",
    codes: ['tenant-certificate-untrusted', 'ca-file-unreadable'],
  },
  { exit: EXIT.AUDIT_BROKEN, meaning: 'the audit was changed', codes: [] },
  {
    exit: 6,
    meaning: 'the configuration or the state directory is not usable',
    codes: [
      'config-missing',
      'config-invalid',
      'config-exists',
      'rp-id-changed',
      'store-unreachable',
      'store-not-initialised',
      'tenant-already-running',
      'address-in-use',
      'socket-path-too-long',
      'state-dir-exposed',
      'state-damaged',
      'state-newer',
      'state-unwritable',
      'machine-key-unusable',
      'tpm-missing',
      'tpm-unreachable',
      'tpm-keys-lost',
      'tpm-failed',
    ],
  },
  {
    exit: 7,
    meaning: 'what was named does not exist, or exists already',
    codes: [
      'user-not-found',
      'user-exists',
      'user-ambiguous',
      'sid-taken',
      'key-not-found',
      'key-exists',
      'device-not-found',
      'kerberos-domain-not-found',
      'group-not-found',
      'group-exists',
      'group-in-use',
      'policy-not-found',
      'policy-order-incomplete',
      'key-model-unknown',
      'client-not-found',
      'client-exists',
      'pass-not-found',
    ],
  },
  {
    exit: 8,
    meaning: 'the keytab holds no usable key',
    codes: [
      'keytab-empty',
      'keytab-malformed',
      'value-out-of-range',
      'etype-unsupported',
      'krbtgt-key-older',
    ],
  },
  {
    exit: 9,
    meaning: 'the metadata service gave nothing that can be used',
    codes: [
      'metadata-not-configured',
      'metadata-unreachable',
      'metadata-invalid',
      'metadata-stale',
      'metadata-older',
    ],
  },
  {
    exit: 10,
    meaning: 'this device is not joined',
    codes: [
      'not-joined',
      'joined-elsewhere',
      'joined-otherwise',
      'on-premises-only',
      'not-signed-in',
      'locked',
    ],
  },
  {
    exit: 11,
    meaning: 'the device is disabled or unknown to the tenant',
    codes: ['device-disabled', 'device-unknown', 'device-registered'],
  },
  {
    exit: 12,
    meaning: "the device's certificate is no longer good",
    codes: [
      'certificate-superseded',
      'certificate-foreign',
      'certificate-expired',
      'device-signature-invalid',
    ],
  },
  {
    exit: 13,
    meaning: 'the nonce is expired, spent or of another tenant',
    codes: ['nonce-expired', 'nonce-replayed', 'nonce-unknown'],
  },
  {
    exit: 14,
    meaning: "the security key's answer was refused",
    codes: [
      'assertion-invalid',
      'assertion-wrong-device',
      'assertion-wrong-purpose',
      'key-counter-regressed',
    ],
  },
  {
    exit: 15,
    meaning: 'the security key is not registered here',
    codes: [
      'key-unknown',
      'no-credentials',
      'key-of-another-user',
      'offline-key-unproven',
      'software-key-refused',
    ],
  },
  { exit: 16, meaning: 'the security key was removed', codes: ['key-removed'] },
  { exit: 17, meaning: 'the user is disabled in the tenant', codes: ['user-disabled'] },
  {
    exit: 18,
    meaning: "the tenant's policy does not admit this security key",
    codes: [
      'attestation-required',
      'key-model-not-allowed',
      'key-model-revoked',
      'certification-too-low',
      'synced-not-allowed',
      'device-bound-not-allowed',
      'transport-not-allowed',
    ],
  },
  {
    exit: 19,
    meaning: 'the Primary Refresh Token is over or was revoked: sign in again',
    codes: ['prt-unknown', 'prt-superseded', 'prt-reused', 'prt-signature-invalid'],
  },
  {
    exit: 20,
    meaning: 'no security key answers',
    codes: [
      'key-unreachable',
      'key-ambiguous',
      'key-busy',
      'tools-missing',
      'touch-denied',
      'touch-timeout',
      'pin-not-set',
      'pin-change-required',
      'key-failed',
    ],
  },
  { exit: 21, meaning: 'wrong PIN', codes: ['pin-invalid'] },
  {
    exit: 22,
    meaning: 'three wrong PINs in a row: take the key out and put it in again',
    codes: ['pin-auth-blocked'],
  },
  { exit: 23, meaning: 'the key is locked after too many wrong PINs', codes: ['pin-blocked'] },
  {
    exit: 24,
    meaning: 'the key refused the new PIN, or has one already',
    codes: ['pin-policy-violation', 'pin-already-set'],
  },
  {
    exit: 30,
    meaning:
      'signed in, no ticket: the domain controller denies the user (a NeverReveal group, or outside Domain Users)',
    codes: ['dc-denied', 'account-not-in-domain-users'],
  },
  {
    exit: 31,
    meaning: 'signed in, no ticket: the account is disabled in AD',
    codes: ['dc-account-disabled'],
  },
  {
    exit: 32,
    meaning: 'signed in, no ticket: the account is locked out in AD',
    codes: ['dc-account-locked'],
  },
  { exit: 33, meaning: 'signed in, no ticket: the account has expired in AD', codes: ['dc-account-expired'] },
  {
    exit: 34,
    meaning: 'signed in, no ticket: the password must be changed in AD',
    codes: ['dc-password-must-change', 'account-password-over'],
  },
  {
    exit: 35,
    meaning: 'signed in, no ticket: the clocks of tenant and domain controller are apart',
    codes: ['dc-clock-skew', 'partial-tgt-expired'],
  },
  {
    exit: 36,
    meaning: "signed in, no ticket: the domain controller does not know the tenant's key",
    codes: ['dc-key-unknown'],
  },
  {
    exit: 37,
    meaning: 'signed in, no ticket yet: no domain controller can be reached',
    codes: ['dc-unreachable', 'dc-not-found'],
  },
  {
    exit: 38,
    meaning: 'signed in, no ticket: the domain controller refused for another reason',
    codes: ['dc-refused', 'dc-account-unknown', 'dc-answer-malformed'],
  },
  {
    exit: 39,
    meaning: 'no domain controller answers, or none has what was asked for',
    codes: ['dc-timeout', 'dc-lacking'],
  },
  {
    exit: 40,
    meaning: 'signed in, no ticket: the tenant has no key of the domain',
    codes: [
      'no-kerberos-key',
      'no-on-premises-account',
      'ticket-not-made',
      'no-partial-tgt',
      'ticket-not-offered',
    ],
  },
  {
    exit: 41,
    meaning: "signed in, no ticket: the user's SID is not of the KerberosDomain",
    codes: ['sid-outside-domain'],
  },
  { exit: 42, meaning: 'signed in, no ticket: the account is protected', codes: ['protected-account'] },
  {
    exit: 43,
    meaning: 'the credential of the domain was refused, or may not do this',
    codes: [
      'password-wrong',
      'password-expired',
      'account-expired',
      'account-disabled',
      'account-locked',
      'account-refused',
      'client-unknown',
      'ldap-refused',
      'access-denied',
    ],
  },
  {
    exit: 44,
    meaning: 'the name of a Kerberos server object is taken in the domain, or there is no such object',
    codes: ['object-name-taken', 'object-not-found', 'hybrid-tenant-differs'],
  },
  { exit: 50, meaning: 'kerberos-server get: domain and tenant are out of step', codes: [] },
  { exit: 51, meaning: 'kerberos-server get: the domain has no Kerberos server object', codes: [] },
  { exit: 52, meaning: 'kerberos-server get: the tenant has no key of the domain', codes: [] },
  { exit: 53, meaning: 'kerberos-server get: in step, and overdue for rotation', codes: [] },
  {
    exit: 54,
    meaning:
      "the next key of a Kerberos server waits: not every domain controller has it, or it is another's",
    codes: ['rotation-waits', 'krbtgt-key-not-pending', 'krbtgt-number-differs'],
  },
  { exit: 55, meaning: 'the key was rotated less than a day ago: --force', codes: ['rotated-recently'] },
  { exit: 56, meaning: 'kerberos-server verify: a domain controller failed', codes: [] },
  {
    exit: 63,
    meaning: 'the domain controller does not take part in NTLM, or refuses that sign-in (--ntlm)',
    codes: ['ntlm-refused'],
  },
  {
    exit: 57,
    meaning: 'a probe could not be made or read',
    codes: ['probe-invalid', 'probe-user-elsewhere'],
  },
  {
    exit: 58,
    meaning: 'a name in the domain is not known, or not of the kind that is needed',
    codes: ['account-not-found', 'not-a-group', 'synced-account-not-found'],
  },
  { exit: 59, meaning: "the domain controller's certificate is not trusted", codes: ['ldaps-untrusted'] },
  {
    exit: 60,
    meaning: 'who asks is not known to the tenant, or may not do this',
    codes: [
      'not-enrolled',
      'authentication-required',
      'right-missing',
      'fresh-assertion-required',
      'outside-connector-domain',
      'enrolment-token-invalid',
      'client-assertion-invalid',
      'client-revoked',
      'token-invalid',
    ],
  },
  {
    exit: 75,
    meaning: 'policy does not admit such a Temporary Access Pass',
    codes: ['pass-outside-policy', 'passes-off'],
  },
  {
    exit: 61,
    meaning: 'the account in the directory may not sign in (deleted, disabled, expired, locked)',
    codes: [
      'account-deleted',
      'account-disabled-on-premises',
      'account-expired-on-premises',
      'account-locked-on-premises',
    ],
  },
  {
    exit: 62,
    meaning: 'sync was stopped, or another run is under way',
    codes: [
      'sync-busy',
      'sync-run-over',
      'sync-out-of-order',
      'sync-too-many-deletions',
      'sync-domain-differs',
      'sync-domain-not-found',
      'synced-value',
      'too-many-allowed',
    ],
  },
  {
    exit: EXIT.BATCH_INCOMPLETE,
    meaning: 'key provision: some users of the batch have no key yet',
    codes: [],
  },
  {
    exit: 68,
    meaning: 'no offline sign-in is kept here, or the security key or policy does not allow any',
    codes: ['offline-no-cache', 'offline-key-without-secret', 'offline-off', 'offline-not-offered'],
  },
  {
    exit: 69,
    meaning: 'offline sign-in is over, or the clock went back',
    codes: ['offline-expired', 'offline-clock-back'],
  },
  {
    exit: 79,
    meaning:
      'hybrid join: not done yet; the next sync of the domain, or what the message names, is to come first',
    codes: [
      'device-not-announced',
      'not-domain-member',
      'hybrid-not-configured',
      'hybrid-tenant-other',
      'hybrid-identity-refused',
    ],
  },
  {
    exit: 78,
    meaning: 'the agent cannot serve its socket, or is at another sign-in',
    codes: ['agent-running', 'agent-socket-unusable', 'agent-busy'],
  },
  { exit: 77, meaning: 'the security key is not fresh: it has a PIN', codes: ['key-not-fresh'] },
];

const BY_CODE = new Map(EXIT_CODES.flatMap(({ exit, codes }) => codes.map((code) => [code, exit] as const)));

/** The exit code of an error's code; 1 for what no script needs to tell apart. */
export const exitCodeOf = (code: string): number => BY_CODE.get(code) ?? 1;

/** Markdown of docs/exit-codes.md. */
export function exitCodesPage(): string {
  const rows = EXIT_CODES.map(
    ({ exit, meaning, codes }) =>
      `| ${exit} | ${meaning} | ${codes.map((code) => `\`${code}\``).join(', ')} |`,
  );
  return `# Exit codes

Every \`kennel\` command ends with one of these; with \`--json\` an error is \`{"error":{"code","message","next"}}\`.

| exit | meaning | \`error.code\` |
|---|---|---|
| 0 | done | |
| 1 | anything else; the message says what | |
${rows.join('\n')}

This page is generated; \`npm run pages\` writes it anew.
`;
}
