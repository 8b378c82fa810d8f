/** Whether one user gets a ticket, and which group decides: by the user's own token, as the domain controller sees it. */
import type { AdDirectory } from '../../ldap/directory.ts';
import { type Account, escapeFilter, readEntry, searchAll, sids, texts } from '../../ldap/search.ts';
import type { ServerPolicy } from './lists.ts';
import { USER_ATTRIBUTES, userOf } from './members.ts';
import { replicationHolders } from './protected.ts';

export interface Explanation {
  user: Account;
  /** Whether the lists let the Kerberos server sign for the user. */
  ticket: boolean;
  because: 'denied' | 'not-allowed' | 'account-disabled' | 'allowed';
  /** The group of the list that decides; none where the user is in no allowed one. */
  decidedBy?: Account;
  /** Groups of the user's own through which they are in it. */
  through: string[];
  /** Why the tenant refuses a ticket all the same. */
  protectedBy: ('replication-rights' | 'admin-count' | 'built-in')[];
  /** SIDs of the user and of all groups that the user is in. */
  token: ReadonlySet<string>;
}

const IN_CHAIN = '1.2.840.113556.1.4.1941';
const BUILT_IN: readonly string[] = ['500', '502'];

export async function explainUser(
  directory: AdDirectory,
  policy: ServerPolicy,
  account: Account,
): Promise<Explanation> {
  const entry = await readEntry(directory, account.dn, [...USER_ATTRIBUTES, 'tokenGroups']);
  const user = entry ? userOf(entry) : undefined;
  const token = new Set([account.sid, ...sids(entry, 'tokenGroups')]);
  const inToken = ({ sid }: Account) => token.has(sid);
  const denying = policy.never.find(inToken);
  const allowing = policy.reveal.find(inToken);
  const holders = await replicationHolders(directory);
  const result = (
    because: Explanation['because'],
    decidedBy: Account | undefined,
    through: string[] = [],
  ): Explanation => ({
    user: account,
    ticket: because === 'allowed',
    because,
    ...(decidedBy ? { decidedBy } : {}),
    through,
    token,
    protectedBy: [
      ...(holders.some((sid) => token.has(sid)) ? (['replication-rights'] as const) : []),
      ...(user?.adminCount ? (['admin-count'] as const) : []),
      ...(BUILT_IN.includes(account.sid.slice(account.sid.lastIndexOf('-') + 1))
        ? (['built-in'] as const)
        : []),
    ],
  });
  if (denying) return result('denied', denying, await ways(directory, account, denying));
  if (!allowing) return result('not-allowed', undefined);
  if (user && !user.enabled) return result('account-disabled', undefined);
  return result('allowed', allowing);
}

/** The user's own groups by which they are in another one. */
async function ways(directory: AdDirectory, user: Account, group: Account): Promise<string[]> {
  const filter = `(&(objectClass=group)(member=${escapeFilter(user.dn)})(memberOf:${IN_CHAIN}:=${escapeFilter(group.dn)}))`;
  return (await searchAll(directory, filter, ['sAMAccountName'])).flatMap((entry) =>
    texts(entry, 'sAMAccountName'),
  );
}
