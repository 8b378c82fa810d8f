/** Entries of the directory as the objects that are handed over. */
import { createHash } from 'node:crypto';
import type { Entry } from 'ldapts';
import type { SyncComputer, SyncConfig, SyncGroup, SyncUser } from './types.ts';
import { big, fileTime, first, guid, sid } from './values.ts';

/** userAccountControl ([MS-ADTS] 2.2.16). */
const ACCOUNT_DISABLED = 0x2;
const PASSWORD_NEVER_EXPIRES = 0x10000;
const SMARTCARD_REQUIRED = 0x40000;
/** For a lock-out without an end. */
const END_OF_TIME = '9999-12-31T00:00:00.000Z';

/** What of the domain is needed to understand an account. */
export interface DomainFacts {
  dnsName: string;
  domainSid: string;
  /** In 100 ns; 0 is until an administrator unlocks. */
  lockoutDuration: bigint;
  protectedSids: ReadonlySet<string>;
}

const mapped = ({ mapping = {} }: SyncConfig) => ({
  upn: mapping.userPrincipalName ?? 'userPrincipalName',
  displayName: mapping.displayName ?? 'displayName',
  mail: mapping.mail ?? 'mail',
});

export const userAttributes = (config: SyncConfig): string[] => [
  ...new Set([
    ...Object.values(mapped(config)),
    ...['objectGUID', 'objectSid', 'sAMAccountName', 'userAccountControl', 'accountExpires', 'pwdLastSet'],
    ...['lockoutTime', 'adminCount', 'primaryGroupID', 'msDS-UserPasswordExpiryTimeComputed'],
  ]),
];
/** Of those, what a change is told by: computed ones never change by themselves. */
export const watchedAttributes = (config: SyncConfig): string[] => [
  ...userAttributes(config).filter((name) => !name.endsWith('Computed')),
  ...['member', 'groupType', 'userCertificate', 'dNSHostName', 'operatingSystem', 'isDeleted', 'name'],
];
export const GROUP_ATTRIBUTES = ['objectGUID', 'objectSid', 'sAMAccountName', 'member'];
export const COMPUTER_ATTRIBUTES = [
  ...['objectGUID', 'objectSid', 'sAMAccountName', 'dNSHostName', 'userAccountControl', 'operatingSystem'],
  'userCertificate',
];
export const BINARY = ['objectGUID', 'objectSid', 'userCertificate'];

export function userOf(entry: Entry, facts: DomainFacts, config: SyncConfig): SyncUser | undefined {
  const [anchor, userSid, samAccountName] = [guid(entry), sid(entry), first(entry, 'sAMAccountName')];
  if (anchor === undefined || userSid === undefined || samAccountName === undefined) return undefined;
  const names = mapped(config);
  const flags = Number(big(entry, 'userAccountControl'));
  const passwordCounts = (flags & (PASSWORD_NEVER_EXPIRES | SMARTCARD_REQUIRED)) === 0;
  // A user without a userPrincipalName has an implicit one ([MS-ADTS] 5.1.1.1.1).
  const upn = first(entry, names.upn) ?? `${samAccountName}@${facts.dnsName}`;
  return versioned({
    kind: 'user' as const,
    anchor,
    userPrincipalName: upn,
    displayName: first(entry, names.displayName) ?? samAccountName,
    mail: first(entry, names.mail) ?? null,
    samAccountName,
    sid: userSid,
    enabled: (flags & ACCOUNT_DISABLED) === 0,
    accountExpiresOn: fileTime(big(entry, 'accountExpires')),
    passwordExpiresOn: passwordCounts ? fileTime(big(entry, 'msDS-UserPasswordExpiryTimeComputed')) : null,
    mustChangePassword: passwordCounts && first(entry, 'pwdLastSet') === '0',
    lockedUntil: lockedUntil(big(entry, 'lockoutTime'), facts.lockoutDuration),
    protected: big(entry, 'adminCount') === 1n || facts.protectedSids.has(userSid),
    primaryGroupSid: `${facts.domainSid}-${first(entry, 'primaryGroupID') ?? '513'}`,
  });
}

function lockedUntil(since: bigint, duration: bigint): string | null {
  if (since <= 0n) return null;
  return duration === 0n ? END_OF_TIME : fileTime(since + duration);
}

/** @param members all of them, sorted: the version speaks of them too */
export function groupOf(entry: Entry, members: readonly string[]): SyncGroup | undefined {
  const [anchor, groupSid, name] = [guid(entry), sid(entry), first(entry, 'sAMAccountName')];
  if (anchor === undefined || groupSid === undefined || name === undefined) return undefined;
  const { version, ...rest } = versioned({ kind: 'group' as const, anchor, name, sid: groupSid, members });
  return { kind: rest.kind, anchor, name, sid: groupSid, version };
}

export function computerOf(entry: Entry): SyncComputer | undefined {
  const [anchor, computerSid, account] = [guid(entry), sid(entry), first(entry, 'sAMAccountName')];
  const value = entry.userCertificate;
  const certificates = (Array.isArray(value) ? value : [value])
    .filter((each): each is Buffer => Buffer.isBuffer(each) && each.length > 0)
    .map((each) => each.toString('base64'))
    .sort();
  if (anchor === undefined || computerSid === undefined || account === undefined) return undefined;
  return versioned({
    kind: 'computer' as const,
    anchor,
    name: first(entry, 'dNSHostName') ?? account.replace(/\$$/, ''),
    sid: computerSid,
    enabled: (Number(big(entry, 'userAccountControl')) & ACCOUNT_DISABLED) === 0,
    operatingSystem: first(entry, 'operatingSystem') ?? '',
    certificates: certificates.slice(-5), // a computer renews its own; old ones are of no use
  });
}

/** With a hash of its content. */
function versioned<T extends object>(content: T): T & { version: string } {
  return { ...content, version: hashOf(content) };
}

export const hashOf = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url').slice(0, 22);
