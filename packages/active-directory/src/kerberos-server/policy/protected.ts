/**
 * Accounts that are worth the domain: whose ticket nobody should get by another way than their own sign-in. Holders of
 * directory-replication rights (they can read every key), found in the domain head's access list, and accounts that
 * AD itself protects as administrators (adminCount, [MS-ADTS] 3.1.1.6.1).
 *
 * Sync asks `protectedAccounts(directory)` of each domain and marks those users in the tenant, which then mints no
 * ticket for them, whatever the lists of the Kerberos server object allow.
 */
import { ActiveDirectoryError } from '../../errors.ts';
import type { AdDirectory } from '../../ldap/directory.ts';
import { type Account, DaclOnly, readEntry, searchAll } from '../../ldap/search.ts';
import { type Ace, readDacl } from '../../ldap/security-descriptor.ts';
import { principalsIn, principalsOfSids, USER_ATTRIBUTES, userOf } from './members.ts';

export type ProtectedBecause = 'replication-rights' | 'admin-count';

export interface ProtectedAccount {
  sid: string;
  /** sAMAccountName. */
  name: string;
  dn: string;
  enabled: boolean;
  because: ProtectedBecause[];
}

/** Extended rights that give away secrets ([MS-ADTS] 5.1.3.2.1): DS-Replication-Get-Changes-All, -In-Filtered-Set. */
const REPLICATION = ['1131f6ad-9c07-11d1-f79f-00c04fc2dcd2', '89e95b76-444d-4c62-991a-0facbeda640c'];
const CONTROL_ACCESS = 0x100;
/** Has no list of members: in this domain it means the group Domain Controllers. */
const ENTERPRISE_CONTROLLERS = 'S-1-5-9';
const GENERIC_ALL = 0x10000000;
/** Who may write the access list or take the object gives the rights to themselves. */
const WRITE_DACL = 0x40000;
const WRITE_OWNER = 0x80000;

/** Whether an entry gives, or lets one give oneself, the right to read everybody's keys. */
export function grantsReplication({ kind, mask, objectType }: Ace): boolean {
  if (kind !== 'allow') return false; // a deny may be undone by another group's allow: not relied on
  if (objectType === undefined)
    return (mask & (CONTROL_ACCESS | GENERIC_ALL | WRITE_DACL | WRITE_OWNER)) !== 0;
  return (mask & CONTROL_ACCESS) !== 0 && REPLICATION.includes(objectType.toLowerCase());
}

/**
 * Every account of the domain that is protected, by SID. Domain controllers themselves are among them.
 * @throws ActiveDirectoryError `access-denied` where the access list of the domain may not be read
 */
export async function protectedAccounts(directory: AdDirectory): Promise<Map<string, ProtectedAccount>> {
  const holders = await replicationHolders(directory);
  const admins = await searchAll(directory, '(&(objectClass=user)(adminCount=1))', USER_ATTRIBUTES);
  const found = new Map<string, ProtectedAccount>();
  const add = ({ sid, name, dn, enabled }: Omit<ProtectedAccount, 'because'>, because: ProtectedBecause) => {
    const known = found.get(sid) ?? { sid, name, dn, enabled, because: [] };
    known.because.push(because);
    found.set(sid, known);
  };
  for (const user of (await principalsOfSids(directory, holders)).values()) add(user, 'replication-rights');
  for (const entry of admins) add(userOf(entry), 'admin-count');
  return found;
}

/** Those of them who are in a group, directly or through others. */
export async function protectedMembers(directory: AdDirectory, group: Account): Promise<ProtectedAccount[]> {
  const members = await principalsIn(directory, [group]);
  return [...(await protectedAccounts(directory)).values()].filter(({ sid }) => members.has(sid));
}

/** The SIDs, of groups mostly, that the domain head's access list lets replicate secrets. */
export async function replicationHolders(directory: AdDirectory): Promise<string[]> {
  const head = await readEntry(directory, directory.baseDn, ['nTSecurityDescriptor'], new DaclOnly());
  const descriptor = head?.nTSecurityDescriptor;
  if (!Buffer.isBuffer(descriptor))
    throw new ActiveDirectoryError(
      'access-denied',
      `You may not read the access list of ${directory.baseDn}, which says who may replicate. Give the credential of a Domain Admin.`,
    );
  const holders = readDacl(descriptor)
    .filter(grantsReplication)
    .map(({ sid }) => (sid === ENTERPRISE_CONTROLLERS ? `${directory.domainSid}-516` : sid));
  return [...new Set(holders)];
}
