/** What sync hands over, to whom, and what it may be told. Anchors are objectGUIDs as text in lower case. */

export interface SyncUser {
  kind: 'user';
  anchor: string;
  /** A hash of everything else: the same content is not sent twice. */
  version: string;
  userPrincipalName: string;
  displayName: string;
  mail: string | null;
  samAccountName: string;
  sid: string;
  enabled: boolean;
  accountExpiresOn: string | null;
  passwordExpiresOn: string | null;
  mustChangePassword: boolean;
  lockedUntil: string | null;
  protected: boolean;
  primaryGroupSid: string;
}
export interface SyncGroup {
  kind: 'group';
  anchor: string;
  version: string;
  name: string;
  sid: string;
}
export interface SyncMembers {
  kind: 'members';
  group: string;
  /** The members from here on and before `to` are exactly these. */
  from: string;
  to: string | null;
  members: string[];
}
export interface SyncComputer {
  kind: 'computer';
  anchor: string;
  version: string;
  name: string;
  sid: string;
  enabled: boolean;
  operatingSystem: string;
  certificates: string[];
}
export type SyncedKind = 'user' | 'group' | 'computer';
export interface SyncGone {
  kind: 'gone';
  of: SyncedKind;
  anchor: string;
}
export type SyncObject = SyncUser | SyncGroup | SyncMembers | SyncComputer | SyncGone;

export interface SyncCounts {
  created: number;
  updated: number;
  deleted: number;
  problems: number;
}

/** Where it goes: a tenant's connector client. */
export interface SyncTarget {
  begin(given: {
    dnsName: string;
    netbiosName: string;
    domainSid: string;
    mode: 'full' | 'incremental';
    allowDeletions: boolean;
  }): Promise<{
    runId: string;
    settings: { deletionLimitPercent: number };
    problems: { anchor: string }[];
  }>;
  push(
    runId: string,
    batch: { sequence: number; objects: SyncObject[]; state?: string },
  ): Promise<{ counts: SyncCounts }>;
  end(runId: string, end: { outcome: 'completed' | 'failed'; message?: string }): Promise<unknown>;
  /** What the last batch that bore a state left. */
  state(): Promise<{ state: string | null }>;
  versions(kind: SyncedKind): AsyncIterable<{ anchor: string; version: string }>;
}

export interface SyncScope {
  /** Distinguished names; users and computers below them. The whole domain unless given. */
  ous?: readonly string[];
  /** Distinguished names or sAMAccountNames; users who are in them, directly or through others. */
  groups?: readonly string[];
  /** An LDAP filter that users must match besides. */
  filter?: string;
  /** The same for groups. */
  groupFilter?: string;
}

/** Attributes in place of the usual ones. */
export interface SyncMapping {
  userPrincipalName?: string;
  displayName?: string;
  mail?: string;
}

export interface SyncConfig {
  scope?: SyncScope;
  mapping?: SyncMapping;
}

export interface SyncProgress {
  phase: 'users' | 'groups' | 'computers' | 'deletions';
  read: number;
  sent: number;
}
