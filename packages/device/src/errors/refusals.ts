/** What the tenant refuses, by what is refused. */
import { AGAIN, AGAIN_OR_REJOIN, REJOIN, type Words } from './words.ts';

/** This sign-in: another one may do. */
export const SIGN_IN_REFUSALS = {
  'nonce-unknown': { message: 'The tenant did not issue the nonce of this sign-in.', next: AGAIN_OR_REJOIN },
  'nonce-expired': { message: 'The sign-in took longer than five minutes.', next: AGAIN },
  'nonce-replayed': {
    message: 'This sign-in was already used once.',
    next: `${AGAIN} If you did not send it twice, tell your administrator.`,
  },
  'prt-superseded': {
    message: 'Another program of this device renewed the Primary Refresh Token a moment ago.',
    next: 'Try again.',
  },
  'assertion-invalid': {
    message: "The tenant could not verify the security key's answer.",
    next: 'Sign in again with the key that is registered for you.',
  },
  'assertion-wrong-device': {
    message: "The security key's answer was made for another device.",
    next: 'Sign in again on this device, and tell your administrator if you did not relay it.',
  },
  'assertion-wrong-purpose': {
    message: "The security key's answer was made for another purpose.",
    next: AGAIN,
  },
  'changed-meanwhile': {
    message: 'Your account, your key or this device was changed during the sign-in.',
    next: AGAIN,
  },
} as const satisfies Record<string, Words>;

/** The Primary Refresh Token, the key or the user, from now on. Ends offline sign-in of the user. */
export const USER_REFUSALS = {
  'prt-unknown': {
    message: 'The Primary Refresh Token is over, or was revoked.',
    next: AGAIN,
  },
  'prt-reused': {
    message:
      'An old Primary Refresh Token was used again, so the tenant revoked it: it may have been copied.',
    next: `${AGAIN} Tell your administrator, unless you put back a backup of this device.`,
  },
  'prt-signature-invalid': {
    message: 'The session key of this device is not that of its Primary Refresh Token.',
    next: AGAIN,
  },
  'key-unknown': {
    message: 'The tenant does not know this security key.',
    next: 'Take the key that is registered for you, or have your administrator register this one.',
  },
  'key-removed': {
    message: 'This security key was removed from your account.',
    next: 'Use another key, or have your administrator register this one again.',
  },
  'key-counter-regressed': {
    message: 'The counter of this security key went back: it may have been copied.',
    next: 'Have your administrator remove the key, and use another one.',
  },
  'software-key-refused': {
    message: 'This tenant admits no software keys.',
    next: 'Use a hardware security key.',
  },
  'user-disabled': {
    message: 'Your account is disabled in the tenant.',
    next: 'Ask your administrator to enable it.',
  },
} as const satisfies Record<string, Words>;

/** The key, by the tenant's policy. Ends offline sign-in of the user. */
export const KEY_POLICY_REFUSALS = {
  'attestation-required': {
    message:
      'Your organization accepts only security keys whose maker vouches for them, and this one is not.',
    next: 'Use a key from the list of accepted models; your administrator has it (`kennel policy keys`).',
  },
  'key-model-not-allowed': {
    message: 'Your organization does not accept security keys of this model.',
    next: 'Use a key from the list of accepted models; your administrator has it (`kennel policy keys`).',
  },
  'key-model-revoked': {
    message: 'Security keys of this model are known to be unsafe.',
    next: 'Stop using it and sign in with another key; your administrator can register a new one.',
  },
  'certification-too-low': {
    message: 'Security keys of this model are not certified as highly as your organization asks for.',
    next: 'Use a key from the list of accepted models; your administrator has it (`kennel policy keys`).',
  },
  'synced-not-allowed': {
    message: 'Your organization does not accept passkeys that are copied between devices.',
    next: 'Use a security key that holds its passkey for itself.',
  },
  'device-bound-not-allowed': {
    message: 'Your organization accepts only passkeys that are copied between devices.',
    next: 'Use a passkey of your password manager or phone.',
  },
  'transport-not-allowed': {
    message: 'Your organization does not accept keys that connect in this way.',
    next: 'Use a key that your administrator names.',
  },
} as const satisfies Record<string, Words>;

/** The account, by what the directory says of it. Ends offline sign-in of the user. */
export const ACCOUNT_REFUSALS = {
  'account-deleted': {
    message: 'Your account was deleted in the domain.',
    next: 'Ask your administrator, if that was a mistake.',
  },
  'account-disabled-on-premises': {
    message: 'Your account is disabled in the domain.',
    next: 'Ask your administrator to enable it there; it works again after the next sync.',
  },
  'account-expired-on-premises': {
    message: 'Your account in the domain has expired.',
    next: 'Ask your administrator to extend it; it works again after the next sync.',
  },
  'account-locked-on-premises': {
    message: 'Your account in the domain is locked after wrong passwords.',
    next: 'Wait until it is free again, or ask your administrator.',
  },
} as const satisfies Record<string, Words>;

/** This device, whoever uses it. Ends offline sign-in of all. */
export const DEVICE_REFUSALS = {
  'device-unknown': {
    message: 'The tenant does not know this device, or knows it as joined by someone else.',
    next: 'Leave with `kennel device leave`, then join again.',
  },
  'device-disabled': {
    message: 'This device is disabled in the tenant.',
    next: 'Ask your administrator to enable it.',
  },
  'certificate-foreign': {
    message: 'The certificate of this device is not from this tenant.',
    next: 'Leave with `kennel device leave`, then join again.',
  },
  'certificate-superseded': {
    message: 'This device was joined again since, and its old certificate is no longer good.',
    next: REJOIN,
  },
  'certificate-expired': { message: 'The certificate of this device is over.', next: REJOIN },
} as const satisfies Record<string, Words>;

/** A join. */
export const JOIN_REFUSALS = {
  'registration-token-refused': {
    message: 'The tenant did not accept the token with which this device registers.',
    next: 'Join again.',
  },
  'join-type-unsupported': {
    message: 'The tenant does not offer this kind of join.',
    next: 'Join without naming a kind.',
  },
  'device-limit-reached': {
    message: 'You have registered as many devices as the tenant allows.',
    next: 'Have your administrator delete those that you no longer use.',
  },
  'join-not-allowed': {
    message: 'Policy of the tenant does not let you join devices.',
    next: 'Ask your administrator (`kennel policy device`).',
  },
  'device-not-announced': {
    message: 'The tenant has not heard of this computer, or of its certificate, from the sync of its domain.',
    next: 'Run the same command again after the next sync, or wait for it (--wait 600).',
  },
  'hybrid-identity-refused': {
    message: 'The tenant did not accept the signed identity of this computer: its clock may be off.',
    next: 'Set the clock by a domain controller, then run the same command again.',
  },
  'device-registered': {
    message: 'This computer is registered already.',
    next: 'To give it new keys, have your administrator delete it first.',
  },
  'device-signature-invalid': {
    message: 'The tenant could not verify the signature of this device.',
    next: REJOIN,
  },
} as const satisfies Record<string, Words>;
