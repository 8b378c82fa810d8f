/** The rows of what connectors bring. */

export interface SyncDomainRow {
  dns_name: string;
  netbios_name: string;
  domain_sid: string;
  /** JSON of SyncSettings. */
  settings: string;
  /** What the connector needs to go on from here; it belongs to the last batch that was applied. */
  state: string | null;
}

export interface SyncRunRow {
  id: string;
  domain: string;
  client: string;
  mode: 'full' | 'incremental';
  outcome: 'running' | 'completed' | 'failed' | 'interrupted';
  /** Number of the last batch that was applied. */
  sequence: number;
  /** JSON of SyncCounts. */
  counts: string;
  deletions_allowed: number;
  message: string | null;
  started_on: string;
  active_on: string;
  ended_on: string | null;
}

/** The account in the directory that a user comes from. */
export interface SyncedUserRow {
  user_id: string;
  domain: string;
  /** objectGUID. */
  anchor: string;
  /** What the connector knows this content by. */
  version: string;
  mail: string | null;
  enabled: number;
  account_expires_on: string | null;
  password_expires_on: string | null;
  must_change_password: number;
  locked_until: string | null;
  /** Protected by the directory (adminCount), or may read every password of the domain. */
  protected: number;
  primary_group_sid: string;
  deleted_on: string | null;
}

/** A computer that has announced itself for hybrid join; its objectGUID is the device id that it will have. */
export interface SyncedComputerRow {
  anchor: string;
  domain: string;
  version: string;
  sid: string;
  name: string;
  enabled: number;
  operating_system: string;
  /** JSON array of DER, base64. */
  certificates: string;
  synced_on: string;
}

export interface SyncProblemRow {
  domain: string;
  anchor: string;
  kind: string;
  name: string;
  code: string;
  message: string;
  found_on: string;
}
