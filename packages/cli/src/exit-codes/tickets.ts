/** Signed in, but no ticket. */
import type { ExitCode } from './exit.ts';

export const TICKETS: readonly ExitCode[] = [
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
];
