/** Signed in, and no ticket: what the tenant or the domain controller says of it. */
import { AGAIN, type Words } from './words.ts';

/** The tenant made none. */
export const NO_PARTIAL_TGT = {
  'no-on-premises-account': {
    message: 'Your account has no counterpart in an on-premises domain.',
    next: 'Ask your administrator to set its on-premises names and SID.',
  },
  'no-kerberos-key': {
    message: 'The tenant holds no key for your on-premises domain.',
    next: 'Ask your administrator to publish one with `kennel kerberos-server create`.',
  },
  'sid-outside-domain': {
    message: "Your account's SID is not of its on-premises domain.",
    next: 'Ask your administrator to correct it.',
  },
  'account-password-over': {
    message: 'The password of your account in the domain has expired, or must be changed.',
    next: 'Change it at a computer of the domain, or ask your administrator; then run `kennel tickets`.',
  },
  'account-not-in-domain-users': {
    message: 'Your account is not in Domain Users, so it gets no tickets.',
    next: 'Ask your administrator to put it there; then sign in again.',
  },
  'protected-account': {
    message: 'This account protects the domain itself, and gets no ticket by security key.',
    next: 'Sign in with an ordinary account.',
  },
  'ticket-not-made': {
    message: 'The tenant could not make the ticket.',
    next: 'Ask your administrator to look at the log and to publish the key of the domain again.',
  },
  'ticket-not-offered': {
    message: 'The tenant sent no ticket and no reason why.',
    next: 'Ask your administrator whether it serves on-premises tickets.',
  },
} as const satisfies Record<string, Words>;

/** At the domain controller. */
export const DOMAIN_CONTROLLER = {
  'dc-not-found': {
    message: 'No domain controller is known for the realm.',
    next: 'Name one (--kdc host:port), or use a DNS server that knows the domain, then run `kennel tickets`.',
  },
  'dc-unreachable': {
    message: 'No domain controller answers.',
    next: 'You are signed in. Once it is reachable, run `kennel tickets`.',
  },
  'dc-answer-malformed': {
    message: "The domain controller's answer makes no sense, and was not used.",
    next: 'Check that the address is that of a domain controller, then run `kennel tickets`.',
  },
  'dc-denied': {
    message: 'The domain controller does not accept sign-ins by security key for this account.',
    next: 'It is in a denied group (administrators are), or not in Domain Users: ask your administrator, or use an ordinary account.',
  },
  'dc-account-disabled': {
    message: 'The domain controller rejects the account: it is disabled in Active Directory.',
    next: 'Ask your administrator to enable it; if it is enabled, the Kerberos server object is incomplete (link to krbtgt, read-only flag).',
  },
  'dc-account-locked': {
    message: 'The account is locked out in Active Directory.',
    next: 'Wait until the lock is over, or ask your administrator to unlock it, then run `kennel tickets`.',
  },
  'dc-account-expired': {
    message: 'The account has expired in Active Directory.',
    next: 'Ask your administrator to extend it, then run `kennel tickets`.',
  },
  'dc-password-must-change': {
    message: 'The password of the account has expired or must be changed in Active Directory.',
    next: 'Have the password changed or reset, then run `kennel tickets`.',
  },
  'dc-clock-skew': {
    message: "The clocks of the tenant and of the domain controller differ, or the tenant's ticket is over.",
    next: 'Sign in again; if it persists, ask your administrator to set both clocks.',
  },
  'dc-key-unknown': {
    message: "The domain controller does not know the key of the tenant's ticket.",
    next: 'Ask your administrator to look with `kennel kerberos-server verify`, and publish the current key with `kennel kerberos-server create`.',
  },
  'dc-account-unknown': {
    message: 'The domain controller does not know the account.',
    next: "Ask your administrator to correct the account's on-premises names.",
  },
  'dc-refused': {
    message: 'The domain controller refused the ticket.',
    next: "Ask your administrator to look at the domain controller's log.",
  },
  'partial-tgt-expired': { message: "The tenant's ticket was not exchanged in time.", next: AGAIN },
  'no-partial-tgt': { message: 'There is no good ticket, and none waits to be exchanged.', next: AGAIN },
} as const satisfies Record<string, Words>;
