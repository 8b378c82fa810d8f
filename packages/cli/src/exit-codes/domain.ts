/** What is done to a domain. */
import { EXIT, type ExitCode } from './exit.ts';

export const DOMAIN: readonly ExitCode[] = [
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
  { exit: EXIT.OUT_OF_STEP, meaning: 'kerberos-server get: domain and tenant are out of step', codes: [] },
  {
    exit: EXIT.NO_SERVER_OBJECT,
    meaning: 'kerberos-server get: the domain has no Kerberos server object',
    codes: [],
  },
  {
    exit: EXIT.NO_TENANT_KEY,
    meaning: 'kerberos-server get: the tenant has no key of the domain',
    codes: [],
  },
  {
    exit: EXIT.ROTATION_OVERDUE,
    meaning: 'kerberos-server get: in step, and overdue for rotation',
    codes: [],
  },
  {
    exit: 54,
    meaning:
      "the next key of a Kerberos server waits: not every domain controller has it, or it is another's",
    codes: ['rotation-waits', 'krbtgt-key-not-pending', 'krbtgt-number-differs'],
  },
  { exit: 55, meaning: 'the key was rotated less than a day ago: --force', codes: ['rotated-recently'] },
  { exit: EXIT.VERIFY_FAILED, meaning: 'kerberos-server verify: a domain controller failed', codes: [] },
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
];
