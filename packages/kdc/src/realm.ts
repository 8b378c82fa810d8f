/** What the KDC asks of a realm. The KDC knows rules and no storage; a realm knows storage and no rules. */
import type { Key, PrincipalName } from '@kennel/kerberos';

/** A long-term key with its version, the current one first in every list. */
export interface VersionedKey {
  version: number;
  key: Key;
}

/** A user (or a computer) of the realm. */
export interface Account {
  sid: string;
  samAccountName: string;
  upn: string;
  displayName: string;
  keys: readonly VersionedKey[];
  /** Salt of the password's keys (RFC 3962); for PA-ETYPE-INFO2. */
  salt: string;
  /** 16 bytes; what a key list reveals. */
  ntHash?: Uint8Array;
  primaryGroup: number;
  /** RIDs of the domain's groups that stand in the PAC, nesting resolved, the primary group among them. */
  groups: readonly number[];
  /** SIDs of every group, nesting resolved, domain-local and built-in ones too: what policy is decided by. */
  memberOf: ReadonlySet<string>;
  enabled: boolean;
  lockedOut: boolean;
  expiresAt?: Date;
  mustChangePassword: boolean;
}

/** A service: its own names and its keys. */
export interface Service {
  name: PrincipalName;
  keys: readonly VersionedKey[];
}

/** A krbtgt account: number 0 is the realm's own; others are those of read-only domain controllers. */
export interface Krbtgt {
  number: number;
  keys: readonly VersionedKey[];
  /** What AD says of the read-only domain controller; absent for number 0. */
  rodc?: {
    /** Whether a computer object points to this account (msDS-KrbTgtLink). */
    linked: boolean;
    /** Whether that computer has PARTIAL_SECRETS_ACCOUNT in its userAccountControl. */
    partialSecrets: boolean;
    /** SIDs of msDS-RevealOnDemandGroup. */
    revealOnDemand: readonly string[];
    /** SIDs of msDS-NeverRevealGroup; wins over the other. */
    neverReveal: readonly string[];
  };
}

export interface Realm {
  /** Upper case, e.g. CORP.EXAMPLE.COM. */
  readonly realm: string;
  readonly dnsDomainName: string;
  readonly netbiosDomainName: string;
  readonly domainSid: string;
  /** By sAMAccountName or, for an enterprise name, by UPN; case does not matter. */
  findAccount(name: PrincipalName): Promise<Account | undefined>;
  findService(name: PrincipalName): Promise<Service | undefined>;
  findKrbtgt(number: number): Promise<Krbtgt | undefined>;
}
