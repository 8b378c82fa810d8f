/**
 * What a connector sends and gets. Objects are known by their objectGUID, as text in lower case; times are ISO 8601 in
 * UTC. Everything is bounded: a batch is one transaction.
 */
import { z } from 'zod';
import type { TenantErrorCode } from '../errors.ts';
import { dnsDomainName, domainUserSid } from '../users/schema.ts';

export const OBJECTS_IN_BATCH = 500;
export const MEMBERS_IN_OBJECT = 2000;
/** Bytes of a batch. */
export const BATCH_LIMIT = 1024 * 1024;

const anchor = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be an objectGUID');
const version = z.string().min(1).max(64);
const time = z.iso.datetime().nullable();
const name = z.string().trim().min(1).max(256);

/** Names of a user are checked one by one when they are applied: one that cannot be taken stops nobody else. */
const user = z.strictObject({
  kind: z.literal('user'),
  anchor,
  version,
  userPrincipalName: z.string().max(1024),
  displayName: z.string().max(1024),
  mail: z.string().max(320).nullable(),
  samAccountName: z.string().max(256),
  sid: domainUserSid,
  enabled: z.boolean(),
  accountExpiresOn: time,
  passwordExpiresOn: time,
  mustChangePassword: z.boolean(),
  lockedUntil: time,
  protected: z.boolean(),
  primaryGroupSid: domainUserSid,
});
const group = z.strictObject({ kind: z.literal('group'), anchor, version, name, sid: z.string().max(184) });
/**
 * The members of a group whose anchors lie from `from` on and before `to` (null: to the end) are exactly these. A large
 * group is sent in several such pieces, and at no time loses a member that it keeps.
 */
const members = z.strictObject({
  kind: z.literal('members'),
  group: anchor,
  from: z.string().max(36),
  to: z.string().max(36).nullable(),
  members: z.array(anchor).max(MEMBERS_IN_OBJECT),
});
const computer = z.strictObject({
  kind: z.literal('computer'),
  anchor,
  version,
  name,
  sid: domainUserSid,
  enabled: z.boolean(),
  operatingSystem: z.string().max(256),
  certificates: z.array(z.base64().max(16_384)).max(10),
});
const gone = z.strictObject({ kind: z.literal('gone'), of: z.enum(['user', 'group', 'computer']), anchor });

const syncObject = z.discriminatedUnion('kind', [user, group, members, computer, gone]);
export type SyncObject = z.output<typeof syncObject>;
export type SyncUser = z.output<typeof user>;
export type SyncGroup = z.output<typeof group>;
export type SyncMembers = z.output<typeof members>;
export type SyncComputer = z.output<typeof computer>;
export type SyncedKind = z.output<typeof gone>['of'];

const mode = z.enum(['full', 'incremental']);
export const newRun = z.strictObject({
  dnsName: dnsDomainName,
  netbiosName: z.string().min(1).max(15).toUpperCase(),
  domainSid: z
    .string()
    .toUpperCase()
    .regex(/^S-1-5-21(-(0|[1-9]\d{0,9})){3}$/, 'must look like S-1-5-21-1-2-3'),
  mode,
  /** Whether this run may delete more than the guard's share. */
  allowDeletions: z.boolean().default(false),
});
export type NewRun = z.input<typeof newRun>;

export const syncBatch = z.strictObject({
  /** 1 and on; the last one again is answered as it was. */
  sequence: z.int().min(1),
  objects: z.array(syncObject).max(OBJECTS_IN_BATCH),
  /** What the next run goes on from, once this batch is applied: stored with it or not at all. */
  state: z.string().max(65_536).optional(),
});
export type SyncBatch = z.input<typeof syncBatch>;

export const runEnd = z.strictObject({
  outcome: z.enum(['completed', 'failed']),
  message: z.string().max(1024).optional(),
});
export type RunEnd = z.input<typeof runEnd>;

export const versionsQuery = z.object({
  kind: z.enum(['user', 'group', 'computer']),
  after: z.string().max(36).default(''),
  limit: z.coerce.number().int().min(1).max(5000).default(5000),
});

export interface SyncCounts {
  created: number;
  updated: number;
  deleted: number;
  problems: number;
}

/** What a connector is told before it starts. */
export interface SyncStart {
  runId: string;
  /** Of the last batch that bore one; null makes the next run a full one. */
  state: string | null;
  settings: SyncSettings;
  /** Objects that could not be taken, to be sent again. */
  problems: { anchor: string; kind: string }[];
}

export interface KnownVersion {
  anchor: string;
  version: string;
}

/** So many groups and users may be let through at most. */
export const ALLOWED_PROTECTED_LIMIT = 64;
const accountNames = z.array(name).max(ALLOWED_PROTECTED_LIMIT);
export const settingsChanges = z.strictObject({
  /** A run that would delete more than this share of a kind's objects is stopped, in percent. */
  deletionLimitPercent: z.int().min(0).max(100).optional(),
  /** Refuse sign-in while the directory has the account locked; otherwise it is left to the domain controller. */
  refuseLockedOut: z.boolean().optional(),
  /** Groups and users, by name or SID, that may get tickets though the directory protects them; and those that may not any more. */
  allowProtected: accountNames.optional(),
  denyProtected: accountNames.optional(),
});
export type SyncSettingsChanges = z.input<typeof settingsChanges>;
export interface SyncSettings {
  deletionLimitPercent: number;
  refuseLockedOut: boolean;
  /** SIDs. */
  allowedProtected: string[];
}
export const DEFAULT_SETTINGS: SyncSettings = {
  deletionLimitPercent: 10,
  refuseLockedOut: false,
  allowedProtected: [],
};
/** So many may always go: in a small domain one user is a large share. */
export const DELETIONS_ALWAYS_ALLOWED = 5;

export interface SyncRun {
  id: string;
  domain: string;
  client: string;
  mode: z.output<typeof mode>;
  outcome: 'running' | 'completed' | 'failed' | 'interrupted';
  batches: number;
  counts: SyncCounts;
  message: string | null;
  startedOn: string;
  endedOn: string | null;
}

export interface SyncProblem {
  domain: string;
  anchor: string;
  kind: string;
  name: string;
  code: string;
  message: string;
  foundOn: string;
}

export interface AllowedAccount {
  sid: string;
  name: string | null;
}

export interface SyncDomain {
  dnsName: string;
  netbiosName: string;
  domainSid: string;
  settings: SyncSettings;
  /** Who of the settings is let through though protected; a name is null where sync knows none. */
  allowedProtected: AllowedAccount[];
  known: Record<SyncedKind, number>;
  problems: SyncProblem[];
  lastRun: SyncRun | null;
  lastCompletedOn: string | null;
}

/** What the directory says of a user's account; times are ISO 8601 in UTC. */
export interface OnPremisesAccount {
  domain: string;
  objectGuid: string;
  mail: string | null;
  enabled: boolean;
  accountExpiresOn: string | null;
  passwordExpiresOn: string | null;
  mustChangePassword: boolean;
  lockedUntil: string | null;
  protected: boolean;
  inDomainUsers: boolean;
  deletedOn: string | null;
  /** Why sign-in, or the ticket, is refused now; null where it is not. */
  signInRefusal: { code: TenantErrorCode; message: string } | null;
  ticketRefusal: { code: TenantErrorCode; message: string } | null;
}
