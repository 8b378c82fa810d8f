/** Whose tickets the lists let a Kerberos server sign, and who of them is worth the domain. */
import type { AdDirectory } from '../../ldap/directory.ts';
import type { ServerPolicy } from './lists.ts';
import { principalsIn, type User } from './members.ts';
import { type ProtectedAccount, protectedAccounts } from './protected.ts';

/** Enabled accounts by SID. */
export type EffectiveSet = Map<string, User>;

export async function effectiveSet(
  directory: AdDirectory,
  { reveal, never }: Pick<ServerPolicy, 'reveal' | 'never'>,
): Promise<EffectiveSet> {
  const allowed = await principalsIn(directory, reveal);
  const denied = await principalsIn(directory, never);
  return new Map([...allowed].filter(([sid, { enabled }]) => enabled && !denied.has(sid)));
}

export interface BlastRadius {
  /** Accounts that whoever has the key becomes, and the domain with them. */
  protected: ProtectedAccount[];
  others: User[];
}

/** Who could be impersonated by whoever has the key; the worst first. */
export async function blastRadius(directory: AdDirectory, policy: ServerPolicy): Promise<BlastRadius> {
  const reachable = await effectiveSet(directory, policy);
  const worth = await protectedAccounts(directory);
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  return {
    protected: [...worth.values()].filter(({ sid }) => reachable.has(sid)).sort(byName),
    others: [...reachable.values()].filter(({ sid }) => !worth.has(sid)).sort(byName),
  };
}
