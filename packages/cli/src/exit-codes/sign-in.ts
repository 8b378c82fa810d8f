/** The device, the key's answer, the Primary Refresh Token and the key itself. */
import { KEY_POLICY_REFUSALS } from '@kennel/device/refusals';
import type { ExitCode } from './exit.ts';

export const SIGN_IN: readonly ExitCode[] = [
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
    codes: Object.keys(KEY_POLICY_REFUSALS),
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
];
