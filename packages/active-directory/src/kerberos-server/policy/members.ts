/** Who is in a group: directly, by nesting, or by primary group ([MS-ADTS] 3.1.1.3.4.4.3, LDAP_MATCHING_RULE_TRANSITIVE_EVAL). */
import type { Entry } from 'ldapts';
import type { AdDirectory } from '../../ldap/directory.ts';
import {
  ACCOUNT_ATTRIBUTES,
  type Account,
  accountOf,
  accountsBySid,
  escapeFilter,
  searchAll,
  texts,
} from '../../ldap/search.ts';

const IN_CHAIN = '1.2.840.113556.1.4.1941';
const ACCOUNTDISABLE = 2;

export interface User extends Account {
  enabled: boolean;
  /** Whether AD protects it as an administrator (adminCount). */
  adminCount: boolean;
}

export const USER_ATTRIBUTES = [...ACCOUNT_ATTRIBUTES, 'userAccountControl', 'adminCount'];

export const userOf = (entry: Entry): User => ({
  ...accountOf(entry),
  enabled: (Number(texts(entry, 'userAccountControl')[0] ?? 0) & ACCOUNTDISABLE) === 0,
  adminCount: texts(entry, 'adminCount')[0] === '1',
});

/** Users, service accounts and computers: whatever can sign in. */
const PRINCIPALS = '(&(objectClass=user)(sAMAccountName=*))';

/** The groups themselves and every group in them. */
export async function groupsIn(directory: AdDirectory, groups: readonly Account[]): Promise<Account[]> {
  const all = new Map(groups.map((group) => [group.sid, group]));
  for (const { dn } of groups) {
    const filter = `(&(objectClass=group)(memberOf:${IN_CHAIN}:=${escapeFilter(dn)}))`;
    for (const entry of await searchAll(directory, filter, ACCOUNT_ATTRIBUTES)) {
      const group = accountOf(entry);
      all.set(group.sid, group);
    }
  }
  return [...all.values()];
}

/** Everyone in the groups, and the accounts of the list that are no groups. By SID. */
export async function principalsIn(
  directory: AdDirectory,
  accounts: readonly Account[],
): Promise<Map<string, User>> {
  const groups = await groupsIn(
    directory,
    accounts.filter(({ isGroup }) => isGroup),
  );
  const single = accounts
    .filter(({ isGroup }) => !isGroup)
    .map(({ dn }) => `(distinguishedName=${escapeFilter(dn)})`);
  const members = groups.map(({ dn }) => `(memberOf=${escapeFilter(dn)})`);
  const primary = groups
    .filter(({ sid }) => sid.startsWith(`${directory.domainSid}-`))
    .map(({ sid }) => `(primaryGroupID=${sid.slice(sid.lastIndexOf('-') + 1)})`);
  const found = new Map<string, User>();
  const wanted = [...single, ...members, ...primary];
  for (let at = 0; at < wanted.length; at += 40) {
    const filter = `(&${PRINCIPALS}(|${wanted.slice(at, at + 40).join('')}))`;
    for (const entry of await searchAll(directory, filter, USER_ATTRIBUTES)) {
      const user = userOf(entry);
      found.set(user.sid, user);
    }
  }
  return found;
}

/** The same, of SIDs; those that the domain does not know are passed over. */
export async function principalsOfSids(
  directory: AdDirectory,
  sids: readonly string[],
): Promise<Map<string, User>> {
  return principalsIn(directory, [...(await accountsBySid(directory, sids)).values()]);
}
