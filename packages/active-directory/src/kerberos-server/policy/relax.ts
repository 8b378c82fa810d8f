/**
 * Allowing a group whose tickets NeverReveal denies. Taking the entry that contains it off the list would allow all the
 * others in it, too (krbtgt and the domain controllers are in the Denied RODC Password Replication Group), and emptying
 * that group would change every real read-only controller. So the entry is replaced, on this one object's list, by its
 * members, less the group that is to be allowed; deeper where it is nested. No group is changed.
 */
import type { AdDirectory } from '../../ldap/directory.ts';
import { ACCOUNT_ATTRIBUTES, type Account, accountOf, escapeFilter, searchAll } from '../../ldap/search.ts';
import { type EffectiveSet, effectiveSet } from './effective.ts';
import type { ServerPolicy } from './lists.ts';
import { checkGroup } from './lists.ts';

const IN_CHAIN = '1.2.840.113556.1.4.1941';

export interface PolicyChange {
  next: Pick<ServerPolicy, 'never' | 'allowed' | 'baseline'>;
  before: EffectiveSet;
  after: EffectiveSet;
}

/** What allowing a group would change. @throws ActiveDirectoryError `not-a-group` */
export async function planAllow(
  directory: AdDirectory,
  policy: ServerPolicy,
  group: Account,
): Promise<PolicyChange> {
  checkGroup(group);
  return plan(directory, policy, { allowed: unite(policy.allowed, [group]), baseline: policy.baseline });
}

/** What denying it would change: an `allow` is reversed; a group that was never denied is put on the list. */
export async function planDeny(
  directory: AdDirectory,
  policy: ServerPolicy,
  group: Account,
): Promise<PolicyChange> {
  checkGroup(group);
  const was = policy.allowed.some(({ sid }) => sid === group.sid);
  return plan(directory, policy, {
    allowed: policy.allowed.filter(({ sid }) => sid !== group.sid),
    baseline: was ? policy.baseline : unite(policy.baseline, [group]),
  });
}

async function plan(
  directory: AdDirectory,
  policy: ServerPolicy,
  next: Pick<ServerPolicy, 'allowed' | 'baseline'>,
): Promise<PolicyChange> {
  // What was put on the list by hand since stays on it.
  const made = await expanded(directory, policy.baseline, policy.allowed);
  const byHand = policy.never.filter(
    ({ sid }) => !made.some((each) => each.sid === sid) && !next.allowed.some((each) => each.sid === sid),
  );
  const never = unite(await expanded(directory, next.baseline, next.allowed), byHand);
  return {
    next: { never, ...next },
    before: await effectiveSet(directory, policy),
    after: await effectiveSet(directory, { reveal: policy.reveal, never }),
  };
}

/** The list with every entry that contains an allowed group replaced by its members, and the allowed ones gone. */
export async function expanded(
  directory: AdDirectory,
  list: readonly Account[],
  allowed: readonly Account[],
): Promise<Account[]> {
  const containing = new Set<string>();
  for (const { dn } of allowed) {
    const filter = `(&(objectClass=group)(member:${IN_CHAIN}:=${escapeFilter(dn)}))`;
    for (const entry of await searchAll(directory, filter, ACCOUNT_ATTRIBUTES))
      containing.add(accountOf(entry).sid);
  }
  const kept = new Map<string, Account>();
  const seen = new Set<string>();
  const left = [...list];
  for (let entry = left.shift(); entry !== undefined; entry = left.shift()) {
    const { sid } = entry;
    if (seen.has(sid) || allowed.some((each) => each.sid === sid)) continue;
    seen.add(sid);
    if (containing.has(sid)) left.push(...(await directMembers(directory, entry)));
    else kept.set(sid, entry);
  }
  return [...kept.values()];
}

/** Those who are named in the group, and those whose primary group it is. */
async function directMembers(directory: AdDirectory, group: Account): Promise<Account[]> {
  const rid = group.sid.slice(group.sid.lastIndexOf('-') + 1);
  const primary = group.sid.startsWith(`${directory.domainSid}-`) ? `(primaryGroupID=${rid})` : '';
  const filter = `(&(objectSid=*)(|(memberOf=${escapeFilter(group.dn)})${primary}))`;
  return (await searchAll(directory, filter, ACCOUNT_ATTRIBUTES)).map(accountOf);
}

function unite(some: readonly Account[], more: readonly Account[]): Account[] {
  return [...new Map([...some, ...more].map((each) => [each.sid, each])).values()];
}
