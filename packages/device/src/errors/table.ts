/** Every way in which joining, signing in and fetching tickets can fail: what happened, and what to do next. */

interface Words {
  readonly message: string;
  readonly next: string;
}

const AGAIN = 'Sign in again.';
const REJOIN = 'Join this device again.';
const AGAIN_OR_REJOIN = `${AGAIN} If it persists: ${REJOIN}`;
const ADMIN_LOG = "Ask your administrator to look at the tenant's log.";

export const DEVICE_ERRORS = {
  // This device.
  'not-joined': {
    message: 'This device is not joined to a tenant.',
    next: 'Join it with `kennel device join`.',
  },
  'joined-elsewhere': {
    message: 'This device is joined to another tenant.',
    next: 'Leave that one first with `kennel device leave`, then join.',
  },
  'joined-otherwise': {
    message: 'This device is joined in another way.',
    next: 'Leave first with `kennel device leave`, then join with --hybrid.',
  },
  'on-premises-only': {
    message: 'This device is joined to an on-premises Active Directory only, where no security key signs in.',
    next: 'Make it a device of the tenant too with `kennel device join --hybrid` (as root).',
  },
  'not-domain-member': {
    message: 'This machine has no keys of a computer in an Active Directory domain.',
    next: 'Join it to the domain (`net ads join`, `realm join`) so that it has a keytab, run this as root, or name the keytab (--keytab).',
  },
  'hybrid-not-configured': {
    message: 'The domain does not say which tenant its computers register with.',
    next: 'Have an administrator run `kennel hybrid configure`, or name the tenant (--tenant).',
  },
  'hybrid-tenant-other': {
    message: 'The tenant that answers is not the one that the domain names for its computers.',
    next: 'Have an administrator look at `kennel hybrid show`.',
  },
  'state-damaged': {
    message: 'A file of this device is damaged.',
    next: 'Restore it from a backup, or move the directory away and join again.',
  },
  'state-newer': {
    message: 'A file of this device was written by a newer version of kennel.',
    next: 'Update kennel on this machine.',
  },
  'state-dir-exposed': {
    message: 'Other users can reach the directory that holds the keys of this device.',
    next: 'Make it yours and close it (chmod 700), or choose another one (KENNEL_HOME).',
  },
  'state-unwritable': {
    message: 'The directory of this device cannot be read or written.',
    next: 'Check the space on the disk and the rights on the directory.',
  },
  'machine-key-unusable': {
    message: 'The key that seals the secrets of this device cannot be used.',
    next: 'Restore machine.key from a backup, or move the directory away and join again.',
  },
  'tpm-missing': {
    message: 'This machine has no TPM 2.0 that this process may use, or tpm2-tools are not installed.',
    next: 'Install tpm2-tools and run as root (or in the group tss), or join with --keys software.',
  },
  'tpm-unreachable': {
    message: 'The TPM that holds the keys of this device does not answer.',
    next: 'Nothing is lost: try again once it is there (ls -l /dev/tpmrm0, TPM2TOOLS_TCTI).',
  },
  'tpm-keys-lost': {
    message: 'The TPM does not know the keys of this device any more: it was cleared, or is another one.',
    next: 'Leave with `kennel device leave`, then join anew.',
  },
  'tpm-failed': {
    message: 'The TPM refused the request.',
    next: 'Try again; if it persists, look at the TPM (tpm2_getcap properties-variable), or join with --keys software.',
  },
  'not-signed-in': {
    message: 'This user has not signed in on this device.',
    next: 'Sign in with `kennel signin`.',
  },
  locked: {
    message: 'This user signed in before this machine was restarted; the tokens are locked since.',
    next: 'Sign in again with `kennel signin`; it works without the tenant too where offline sign-in is there.',
  },
  'agent-running': {
    message: 'Another agent answers at this socket.',
    next: 'Stop that one first, or name another socket (--socket).',
  },
  'agent-socket-unusable': {
    message: 'The socket of the agent cannot be made.',
    next: 'Name one (--socket) in a directory that is yours and closed to everyone else (chmod 700).',
  },
  'agent-busy': {
    message: 'Another sign-in is under way on this machine.',
    next: 'Wait until it is over, then try again.',
  },
  'key-of-another-user': {
    message: 'This security key belongs to somebody else.',
    next: 'Take your own key.',
  },
  'offline-no-cache': {
    message: 'No offline sign-in is kept here.',
    next: 'Sign in once on this device while the tenant can be reached; from then on it works without.',
  },
  'offline-expired': {
    message: 'Offline sign-in is over: the tenant was not reached for too long.',
    next: 'Sign in while the tenant can be reached.',
  },
  'offline-clock-back': {
    message: 'The clock of this machine is behind the time at which it was last used.',
    next: 'Set the clock, or sign in while the tenant can be reached.',
  },
  'offline-key-unproven': {
    message: 'The security key is not the one with which this user signed in.',
    next: 'Take that key, or sign in while the tenant can be reached.',
  },
  'offline-key-without-secret': {
    message: 'This security key was registered without the secret that offline sign-in needs (hmac-secret).',
    next: 'Remove it on the Security info page and register it again, if it is a key that has this.',
  },
  'offline-off': {
    message: 'Your organization does not allow offline sign-in.',
    next: 'Sign in while the tenant can be reached.',
  },
  'offline-not-offered': {
    message: 'The tenant said nothing of offline sign-in.',
    next: 'Ask your administrator whether it is up to date.',
  },
  'ca-file-unreadable': {
    message: "The file with the tenant's certificate authority cannot be read.",
    next: 'Put the file back, or join again and name another one (--ca).',
  },
  'tenant-url-invalid': {
    message: 'This is no address of a tenant.',
    next: 'Give its https address, such as https://login.example.com.',
  },
  'ccache-unsupported': {
    message: 'Tickets can be written to a file or a folder of files only.',
    next: 'Set KRB5CCNAME to FILE:/path or DIR:/path, or name one of these (--ccache).',
  },
  'krb5-conf-unwritable': {
    message: 'The snippet for krb5.conf cannot be written.',
    next: 'Run this as root, or name another directory (--include-dir).',
  },
  'ccache-unwritable': {
    message: 'The ticket cache cannot be written.',
    next: 'Name another file (--ccache), then run `kennel tickets`.',
  },

  // The way to the tenant.
  'tenant-unreachable': {
    message: 'The tenant cannot be reached.',
    next: 'Check the network and the address, then try again.',
  },
  'tenant-certificate-untrusted': {
    message: "The tenant's TLS certificate is not trusted here.",
    next: 'Check the address and the clock; name the file of its authority (--ca) if it has one of its own.',
  },
  'tenant-answer-malformed': {
    message: "The tenant's answer makes no sense, and was not used.",
    next: `Try again; if it persists, something stands between this device and the tenant. ${ADMIN_LOG}`,
  },
  'tenant-answer-foreign': {
    message: 'The tenant answered with a session key that was not made for this device.',
    next: AGAIN_OR_REJOIN,
  },
  'tenant-rp-id-foreign': {
    message: 'The tenant asks for keys of a site that its address does not belong to.',
    next: 'Do not go on before your administrator has explained this: someone may be after your key.',
  },
  'tenant-origin-unlisted': {
    message: 'The tenant does not accept sign-ins made for this address.',
    next: 'Join with the address that your administrator gave you, or have this one added to its origins.',
  },
  'tenant-failed': { message: 'The tenant met an error of its own.', next: `Try again. ${ADMIN_LOG}` },
  'tenant-refused': { message: 'The tenant refused the request.', next: ADMIN_LOG },

  // What the tenant refuses.
  'nonce-unknown': { message: 'The tenant did not issue the nonce of this sign-in.', next: AGAIN_OR_REJOIN },
  'nonce-expired': { message: 'The sign-in took longer than five minutes.', next: AGAIN },
  'nonce-replayed': {
    message: 'This sign-in was already used once.',
    next: `${AGAIN} If you did not send it twice, tell your administrator.`,
  },
  'prt-unknown': {
    message: 'The Primary Refresh Token is over, or was revoked.',
    next: AGAIN,
  },
  'prt-superseded': {
    message: 'Another program of this device renewed the Primary Refresh Token a moment ago.',
    next: 'Try again.',
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
  'user-disabled': {
    message: 'Your account is disabled in the tenant.',
    next: 'Ask your administrator to enable it.',
  },
  'changed-meanwhile': {
    message: 'Your account, your key or this device was changed during the sign-in.',
    next: AGAIN,
  },
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
  'device-signature-invalid': {
    message: 'The tenant could not verify the signature of this device.',
    next: REJOIN,
  },

  // A Primary Refresh Token without a ticket.
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

  // At the domain controller.
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

  // The security key.
  'key-unreachable': {
    message: 'No security key answers.',
    next: 'Put the key in (or start the software key), then try again.',
  },
  'pin-invalid': { message: 'Wrong PIN.', next: 'Try again with the right PIN.' },
  'pin-auth-blocked': {
    message: 'Three wrong PINs in a row.',
    next: 'Take the key out, put it in again, then enter the PIN.',
  },
  'pin-blocked': {
    message: 'The key is locked after too many wrong PINs.',
    next: 'Use another key, or reset this one (which erases it) and have it registered again.',
  },
  'pin-not-set': { message: 'The key has no PIN yet.', next: 'Set one first.' },
  'no-credentials': {
    message: 'The key holds no credential for this tenant.',
    next: 'Take the key that is registered for you, or have your administrator register this one.',
  },
  'touch-denied': { message: 'The request was declined at the key.', next: 'Try again and approve it.' },
  'touch-timeout': { message: 'The key was not touched in time.', next: 'Try again and touch the key.' },
  'key-failed': { message: 'The security key could not do this.', next: 'Try again, or take another key.' },
} as const satisfies Record<string, Words>;

export type DeviceErrorCode = keyof typeof DEVICE_ERRORS;
