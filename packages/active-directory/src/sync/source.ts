/** Reading a directory for sync: by pages, by objectGUID, large groups piece by piece. Nothing is written to it. */
import { AndFilter, type Entry, FilterParser, OrFilter } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { protectedAccounts } from '../kerberos-server/policy/protected.ts';
import type { AdDirectory } from '../ldap/directory.ts';
import { escapeFilter, findAccount, readEntry } from '../ldap/search.ts';
import { ExtendedNames } from './controls.ts';
import { readableFilter } from './filter.ts';
import {
  BINARY,
  COMPUTER_ATTRIBUTES,
  type DomainFacts,
  GROUP_ATTRIBUTES,
  hashOf,
  userAttributes,
} from './objects.ts';
import type { SyncConfig, SyncedKind } from './types.ts';
import { big, first, guid, guidFilter, guidOfName, list } from './values.ts';

const PAGE = 500;
const GUIDS_IN_FILTER = 100;
/** Neither Administrator, Guest nor krbtgt, nor the krbtgt of a read-only controller. */
const USERS =
  '(objectCategory=person)(objectClass=user)(sAMAccountType=805306368)(!(isCriticalSystemObject=TRUE))(!(msDS-SecondaryKrbTgtNumber=*))';
/** Security groups: those that a policy or a right can be for. */
const GROUPS = '(objectCategory=group)(groupType:1.2.840.113556.1.4.803:=2147483648)';
/** Computers that have announced themselves for hybrid join. */
const COMPUTERS = '(objectCategory=computer)(userCertificate=*)';

export interface SyncSource {
  readonly directory: AdDirectory;
  readonly config: SyncConfig;
  readonly facts: DomainFacts;
  /** A hash of everything that, when it changes, changes users that did not change themselves. */
  readonly fingerprint: string;
  /** What could not be known. */
  readonly warnings: string[];
}

/** @throws ActiveDirectoryError `account-not-found` (a group of the scope), `filter-malformed` */
export async function openSource(
  directory: AdDirectory,
  dnsName: string,
  given: SyncConfig,
): Promise<SyncSource> {
  const config = readableConfig(given);
  const warnings: string[] = [];
  const head = await readEntry(directory, directory.baseDn, ['lockoutDuration', 'maxPwdAge']);
  const protectedSids = await protectedAccounts(directory).then(
    (found) => [...found.keys()].sort(),
    (error: unknown) => {
      if (!(error instanceof ActiveDirectoryError) || error.code !== 'access-denied') throw error;
      warnings.push(
        'Holders of replication rights cannot be seen with this credential; adminCount alone protects.',
      );
      return [];
    },
  );
  const lockoutDuration = head === undefined ? 0n : -big(head, 'lockoutDuration');
  const finePolicies = await passwordPolicies(directory);
  const maxPwdAge = head && first(head, 'maxPwdAge');
  return {
    directory,
    config,
    warnings,
    facts: {
      dnsName,
      domainSid: directory.domainSid,
      lockoutDuration: lockoutDuration >= 0x7fff_ffff_ffff_ffffn ? 0n : lockoutDuration,
      protectedSids: new Set(protectedSids),
    },
    fingerprint: hashOf([1, config, String(lockoutDuration), maxPwdAge, protectedSids, finePolicies]),
  };
}

function readableConfig(config: SyncConfig): SyncConfig {
  const { filter, groupFilter } = config.scope ?? {};
  return {
    ...config,
    scope: {
      ...config.scope,
      ...(filter === undefined ? {} : { filter: readableFilter(filter) }),
      ...(groupFilter === undefined ? {} : { groupFilter: readableFilter(groupFilter) }),
    },
  };
}

/** Fine-grained password policies with whom they are for; none where they may not be read. */
async function passwordPolicies({ client, baseDn }: AdDirectory): Promise<string[]> {
  const { searchEntries } = await client.search(baseDn, {
    scope: 'sub',
    filter: '(objectClass=msDS-PasswordSettings)',
    attributes: ['msDS-MaximumPasswordAge', 'msDS-PasswordSettingsPrecedence', 'msDS-PSOAppliesTo'],
  });
  return searchEntries.map((entry) => JSON.stringify(entry)).sort();
}

export function filterOf(kind: SyncedKind, { scope = {} }: SyncConfig): string {
  switch (kind) {
    case 'user':
      return `${USERS}${scope.filter ?? ''}`;
    case 'group':
      return `${GROUPS}${scope.groupFilter ?? ''}`;
    case 'computer':
      return COMPUTERS;
  }
}

/** Groups come from everywhere: who is in scope may be in a group that lies elsewhere. */
const basesOf = (kind: SyncedKind, { directory, config }: SyncSource): readonly string[] =>
  kind !== 'group' && config.scope?.ous?.length ? config.scope.ous : [directory.baseDn];

export const attributesOf = (kind: SyncedKind, config: SyncConfig): string[] =>
  kind === 'user' ? userAttributes(config) : kind === 'group' ? GROUP_ATTRIBUTES : COMPUTER_ATTRIBUTES;

/** All objects of a kind that are in scope, page by page. */
export async function* readAll(
  source: SyncSource,
  kind: SyncedKind,
  attributes = attributesOf(kind, source.config),
): AsyncGenerator<Entry[]> {
  for (const base of basesOf(kind, source)) {
    const pages = source.directory.client.searchPaginated(
      base,
      {
        scope: 'sub',
        filter: `(&${filterOf(kind, source.config)})`,
        attributes,
        explicitBufferAttributes: BINARY,
        paged: { pageSize: PAGE },
      },
      kind === 'group' ? new ExtendedNames() : undefined,
    );
    for await (const { searchEntries } of ahead(pages)) yield searchEntries;
  }
}

/** Asks for the next page while this one is worked on: the controller and the tenant need not wait for one another. */
async function* ahead<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = pages[Symbol.asyncIterator]();
  for (let next = iterator.next(); ; ) {
    const { done, value } = await next;
    if (done) return;
    next = iterator.next();
    next.catch(() => undefined); // told when it is awaited
    yield value;
  }
}

/** Those of these objects that are of the kind and in scope. */
export async function* readSome(
  source: SyncSource,
  kind: SyncedKind,
  anchors: readonly string[],
): AsyncGenerator<Entry[]> {
  const ofKind = FilterParser.parseString(`(&${filterOf(kind, source.config)})`);
  for (let at = 0; at < anchors.length; at += GUIDS_IN_FILTER) {
    const some = anchors.slice(at, at + GUIDS_IN_FILTER).map(guidFilter);
    for (const base of basesOf(kind, source)) {
      const { searchEntries } = await source.directory.client.search(
        base,
        {
          scope: 'sub',
          filter: new AndFilter({ filters: [new OrFilter({ filters: some }), ofKind] }),
          attributes: attributesOf(kind, source.config),
          explicitBufferAttributes: BINARY,
        },
        kind === 'group' ? new ExtendedNames() : undefined,
      );
      if (searchEntries.length > 0) yield searchEntries;
    }
  }
}

const RANGE = /^member;range=(\d+)-(\d+|\*)$/i;

/** The anchors of a group's members, sorted. A controller hands a large list out in stretches ([MS-ADTS] 3.1.1.3.1.3.3). */
export async function membersOf(
  { directory }: Pick<SyncSource, 'directory'>,
  entry: Entry,
): Promise<string[]> {
  const names = new Set(list(entry, 'member'));
  for (let from = entry; ; ) {
    const ranged = Object.keys(from).find((name) => RANGE.test(name));
    const [, , last = '*'] = (ranged && RANGE.exec(ranged)) || [];
    for (const name of ranged === undefined ? [] : list(from, ranged)) names.add(name);
    if (last === '*') break;
    const anchor = guid(entry);
    const { searchEntries } = await directory.client.search(
      `<GUID=${anchor}>`,
      { scope: 'base', attributes: [`member;range=${Number(last) + 1}-*`] },
      new ExtendedNames(),
    );
    const [next] = searchEntries;
    if (next === undefined) break;
    from = next;
  }
  return [...names]
    .map(guidOfName)
    .filter((anchor) => anchor !== undefined)
    .sort();
}

/** Who is in the groups of the scope, and the groups through which; undefined where the scope names none. */
export interface GroupScope {
  users: ReadonlySet<string>;
  groups: ReadonlySet<string>;
}

export async function groupScope(source: SyncSource): Promise<GroupScope | undefined> {
  const names = source.config.scope?.groups ?? [];
  if (names.length === 0) return undefined;
  const { directory, facts } = source;
  const [users, groups] = [new Set<string>(), new Set<string>()];
  const pending: string[] = [];
  for (const name of names) {
    const account = await findAccount(directory, name);
    if (!account.isGroup)
      throw new ActiveDirectoryError('not-a-group', `${account.name} is no group. Name groups in the scope.`);
    pending.push(account.dn);
  }
  for (let dn = pending.pop(); dn !== undefined; dn = pending.pop()) {
    const { searchEntries } = await directory.client.search(
      dn.startsWith('<GUID=') ? (dn.split(';', 1)[0] ?? dn) : dn,
      { scope: 'base', attributes: ['objectClass', ...GROUP_ATTRIBUTES], explicitBufferAttributes: BINARY },
      new ExtendedNames(),
    );
    const [entry] = searchEntries;
    const anchor = entry && guid(entry);
    if (entry === undefined || anchor === undefined || groups.has(anchor)) continue;
    groups.add(anchor);
    const members = await membersOf(source, entry);
    for (const member of members) users.add(member);
    for await (const inner of readSome({ ...source, config: {} }, 'group', members)) {
      for (const each of inner) {
        const innerAnchor = guid(each);
        if (innerAnchor !== undefined) pending.push(`<GUID=${innerAnchor}>`);
      }
    }
    await addPrimaryMembers(source, entry, facts.domainSid, users);
  }
  return { users, groups };
}

/** Members through primaryGroupID stand in no list. */
async function addPrimaryMembers(
  source: SyncSource,
  group: Entry,
  domainSid: string,
  users: Set<string>,
): Promise<void> {
  const { decodeSid } = await import('@kennel/kerberos');
  const bytes = group.objectSid;
  const sid = Buffer.isBuffer(bytes) ? decodeSid(bytes) : '';
  if (!sid.startsWith(`${domainSid}-`)) return;
  const rid = sid.slice(domainSid.length + 1);
  const pages = source.directory.client.searchPaginated(source.directory.baseDn, {
    scope: 'sub',
    filter: `(&(objectClass=user)(primaryGroupID=${escapeFilter(rid)}))`,
    attributes: ['objectGUID'],
    explicitBufferAttributes: BINARY,
    paged: { pageSize: PAGE },
  });
  for await (const { searchEntries } of pages) {
    for (const entry of searchEntries) {
      const anchor = guid(entry);
      if (anchor !== undefined) users.add(anchor);
    }
  }
}
