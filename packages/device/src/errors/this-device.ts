/** What can be wrong with this device, its files and what it was told on the command line. */
import type { Words } from './words.ts';

export const THIS_DEVICE = {
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
} as const satisfies Record<string, Words>;
