/** Who may ask, passes, and what sync brings. */
import { ACCOUNT_REFUSALS } from '@kennel/device/refusals';
import { EXIT, type ExitCode } from './exit.ts';

export const DIRECTORY: readonly ExitCode[] = [
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
    codes: Object.keys(ACCOUNT_REFUSALS),
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
];
