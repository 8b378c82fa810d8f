/**
 * The two lists of a Kerberos server object: RevealOnDemand says whose tickets it may sign, NeverReveal whose it may
 * not, and wins ([MS-ADTS] 3.1.1.3.4.4.5 and 6.1.1.3.2). What was relaxed, and what it was before, is kept in the
 * service connection point's keywords, so that it can be reversed.
 */
import { Attribute, Change } from 'ldapts';
import { ActiveDirectoryError } from '../../errors.ts';
import type { AdDirectory } from '../../ldap/directory.ts';
import { ldapFailure } from '../../ldap/failure.ts';
import {
  ACCOUNT_ATTRIBUTES,
  type Account,
  accountOf,
  accountsBySid,
  readEntry,
  texts,
} from '../../ldap/search.ts';
import type { ServerObjects } from '../objects.ts';

export interface ServerPolicy {
  reveal: Account[];
  never: Account[];
  /** Groups that an administrator allowed by name. */
  allowed: Account[];
  /** What NeverReveal was before anything was allowed; the same as `never` where nothing is. */
  baseline: Account[];
}

type Where = Pick<ServerObjects, 'computerDn' | 'connectionPointDn'>;

const ALLOWED = 'KennelAllowed=';
const BASELINE = 'KennelNeverReveal=';

export async function readPolicy(directory: AdDirectory, where: Where): Promise<ServerPolicy> {
  const computer = await readEntry(directory, where.computerDn, [
    'msDS-RevealOnDemandGroup',
    'msDS-NeverRevealGroup',
  ]);
  const never = await accountsOf(directory, texts(computer, 'msDS-NeverRevealGroup'));
  const keywords = await keywordsOf(directory, where);
  const allowed = await known(directory, keywords, ALLOWED);
  const baseline = allowed.length === 0 ? never : await known(directory, keywords, BASELINE);
  return {
    reveal: await accountsOf(directory, texts(computer, 'msDS-RevealOnDemandGroup')),
    never,
    allowed,
    baseline,
  };
}

/** Writes the record first where something is allowed, and last where it is taken back: it can be reversed at any moment. */
export async function writePolicy(
  directory: AdDirectory,
  where: Where,
  next: Pick<ServerPolicy, 'never' | 'allowed' | 'baseline'>,
  relaxing: boolean,
): Promise<void> {
  const record = async () => {
    const others = (await keywordsOf(directory, where)).filter(
      (keyword) => !keyword.startsWith(ALLOWED) && !keyword.startsWith(BASELINE),
    );
    const ours =
      next.allowed.length === 0
        ? []
        : [
            ...next.allowed.map(({ sid }) => ALLOWED + sid),
            ...next.baseline.map(({ sid }) => BASELINE + sid),
          ];
    await replace(directory, where.connectionPointDn, 'keywords', [...others, ...ours]);
  };
  const list = () =>
    replace(
      directory,
      where.computerDn,
      'msDS-NeverRevealGroup',
      next.never.map(({ dn }) => dn),
    );
  for (const write of relaxing ? [record, list] : [list, record]) await write();
}

async function replace({ client }: AdDirectory, dn: string, type: string, values: string[]): Promise<void> {
  const change = new Change({ operation: 'replace', modification: new Attribute({ type, values }) });
  await client.modify(dn, change).catch((error: unknown) => {
    throw ldapFailure(error, 'change', dn);
  });
}

async function keywordsOf(directory: AdDirectory, { connectionPointDn }: Where): Promise<string[]> {
  return texts(await readEntry(directory, connectionPointDn, ['keywords']), 'keywords');
}

async function known(
  directory: AdDirectory,
  keywords: readonly string[],
  prefix: string,
): Promise<Account[]> {
  const sids = keywords
    .filter((keyword) => keyword.startsWith(prefix))
    .map((keyword) => keyword.slice(prefix.length));
  return sids.length === 0 ? [] : [...(await accountsBySid(directory, sids)).values()];
}

async function accountsOf(directory: AdDirectory, names: readonly string[]): Promise<Account[]> {
  const accounts: Account[] = [];
  for (const dn of names) {
    const entry = await readEntry(directory, dn, ACCOUNT_ATTRIBUTES);
    if (entry) accounts.push(accountOf(entry));
  }
  return accounts;
}

/** @throws ActiveDirectoryError `not-a-group` */
export function checkGroup(account: Account): void {
  if (!account.isGroup)
    throw new ActiveDirectoryError(
      'not-a-group',
      `${account.name} is no group. The lists are kept by groups: make one for it, and name that.`,
    );
}
