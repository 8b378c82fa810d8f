/**
 * The tables as Kysely sees them. Types that both databases share: text, and integers below 2^53; times are
 * ISO 8601 text in UTC (which sorts as it reads), truth is 0 or 1, bytes are base64url. Columns whose names end
 * in `_sealed` hold values sealed under the master key.
 */
import type { AuthorizationCodeRow, RefreshTokenRow, WebSessionRow } from './sign-in-rows.ts';
import type {
  SyncDomainRow,
  SyncedComputerRow,
  SyncedUserRow,
  SyncProblemRow,
  SyncRunRow,
} from './sync-rows.ts';

export interface Database {
  /** Facts of the store itself: whose it is. */
  meta: { name: string; value: string };
  /** The tenant's own keys, by purpose. `public` is a certificate or a key for everyone. */
  tenant_keys: { purpose: string; public: string; private_sealed: string; created_on: string };
  spent_nonces: { nonce_hash: string; use: string; expires_on: string };
  users: UserRow;
  challenges: { challenge_hash: string; purpose: string; user_id: string; expires_on: string };
  credentials: CredentialRow;
  devices: DeviceRow;
  prts: PrtRow;
  kerberos_domains: KerberosDomainRow;
  audit: AuditRow;
  /** The last good metadata BLOB, as it was signed. */
  metadata_blob: { id: string; number: number; next_update: string; blob: string; accepted_on: string };
  user_groups: GroupRow;
  user_group_members: { group_id: string; user_id: string };
  key_policies: KeyPolicyRow;
  ceremony_events: CeremonyEventRow;
  passes: PassRow;
  notices: NoticeRow;
  /** Wrong passes, counted by name and by source. */
  pass_tries: { subject: string; tries: number; window_end: string };
  device_policy: { id: string; rules: string; updated_on: string };
  pass_policy: { id: string; rules: string; updated_on: string };
  sync_domains: SyncDomainRow;
  sync_runs: SyncRunRow;
  synced_users: SyncedUserRow;
  synced_groups: { group_id: string; domain: string; anchor: string; version: string; sid: string };
  synced_members: { domain: string; group_anchor: string; member_anchor: string };
  synced_computers: SyncedComputerRow;
  sync_problems: SyncProblemRow;
  clients: ClientRow;
  /** Enrolment tokens that were not used yet, by their hashes. */
  client_invitations: {
    token_hash: string;
    scope: ClientRow['scope'];
    domain: string | null;
    expires_on: string;
  };
  web_sessions: WebSessionRow;
  authorization_codes: AuthorizationCodeRow;
  refresh_tokens: RefreshTokenRow;
  /** The link of the first administrator, while there is none: one row at most. */
  first_administrator: { id: string; token_hash: string; expires_on: string };
}

export interface PrtRow {
  token_hash: string;
  user_id: string;
  device_id: string;
  session_key_sealed: string;
  kdf_version: number;
  issued_on: string;
  expires_on: string;
  /** All tokens that came of one sign-in, by renewal, are one family. */
  family: string;
  /** The security key of that sign-in; null where there was none. */
  credential_id: string | null;
  /** When the person signed in; renewal does not change it. */
  authenticated_on: string;
  /** When a token of the same family was used in its place. */
  superseded_on: string | null;
  /** Whether it was used: only then its holder is known to have it. */
  used: number;
}

export interface ClientRow {
  id: string;
  name: string;
  scope: 'administrator' | 'connector';
  /** DNS name of a connector's domain. */
  domain: string | null;
  public_jwk: string;
  thumbprint: string;
  enrolled_on: string;
  last_used_on: string | null;
  revoked_on: string | null;
}

export interface GroupRow {
  id: string;
  display_name: string;
  /** Lower case and NFC: what uniqueness is about. */
  name_folded: string;
  created_on: string;
}

export interface KeyPolicyRow {
  /** The group's id, or `default`. */
  id: string;
  group_id: string | null;
  /** Entries are tried in this order; the default's is the last. */
  position: number;
  /** JSON of KeyPolicyRules. */
  rules: string;
  updated_on: string;
}

/** A step of a ceremony with a security key; see ceremonies/schema.ts. */
export interface CeremonyEventRow {
  /** Sorts by time. */
  id: string;
  time: string;
  event: number;
  purpose: string;
  /** A hash of the challenge. */
  ceremony: string | null;
  trace_id: string;
  user_id: string | null;
  credential_id: string | null;
  aaguid: string | null;
  rp_id: string;
  origin: string | null;
  reason: string | null;
  client_error: string | null;
  elapsed_ms: number | null;
  ctap_status: number | null;
}

/** A Temporary Access Pass; a user has one at most. */
export interface PassRow {
  user_id: string;
  id: string;
  /** argon2id; see passes/hash.ts. */
  hash: string;
  created_on: string;
  starts_on: string;
  expires_on: string;
  usable_once: number;
  used_on: string | null;
}

export interface UserRow {
  id: string;
  user_principal_name: string;
  /** Lower case and NFC: what uniqueness is about. */
  upn_folded: string;
  display_name: string;
  enabled: number;
  role: 'user' | 'administrator';
  user_handle: string;
  on_premises_sid: string | null;
  on_premises_sam_account_name: string | null;
  on_premises_domain_name: string | null;
  created_on: string;
}

export interface CredentialRow {
  /** The credential id, base64url. */
  id: string;
  user_id: string;
  /** COSE key. */
  public_key: string;
  counter: number;
  aaguid: string;
  attestation_format: string;
  attestation_object: string;
  /** Whether the attestation statement's own signature was verified at registration. */
  statement_verified: number;
  /** JSON array of text. */
  transports: string;
  backup_eligible: number;
  backed_up: number;
  display_name: string;
  created_on: string;
  last_used_on: string | null;
  /** `device:<id>`, or a browser in words. */
  last_used_where: string | null;
  /** A removed key stays known, so that who holds it can be told so. */
  removed_on: string | null;
}

export interface DeviceRow {
  id: string;
  display_name: string;
  join_type: number;
  operating_system: string;
  os_version: string;
  enabled: number;
  /** SHA-256 of the certificate in use, hex; and itself. */
  certificate_sha256: string;
  certificate: string;
  /** As the device sent it (RSA1 blob or JWK, base64). */
  transport_key: string;
  registered_by: string;
  registered_on: string;
  /** The last sign-in or renewal, to a day; null before the first. */
  last_seen_on: string | null;
}

export interface KerberosDomainRow {
  dns_name: string;
  realm: string;
  netbios_name: string;
  domain_sid: string;
  krbtgt_number: number;
  key_version: number;
  key_sealed: string;
  previous_key_version: number | null;
  previous_key_sealed: string | null;
  pending_key_version: number | null;
  pending_key_sealed: string | null;
  /** When the domain controller made it. */
  pending_key_updated_on: string | null;
  key_updated_on: string;
  published_on: string;
}

export interface AuditRow {
  seq: number;
  time: string;
  event: string;
  actor: string;
  subject: string;
  outcome: string;
  reason: string;
  correlation_id: string;
  previous_hash: string;
  hash: string;
}

/** A notice that waits to be sent. */
export interface NoticeRow {
  id: string;
  user_id: string;
  address: string;
  subject: string;
  text: string;
  attempts: number;
  next_try_on: string;
}
