/**
 * The second lock. Protected accounts (adminCount, replication rights) get no ticket from the tenant whatever AD's lists
 * say, unless a group of theirs is let through there, too: one who allows a group by name means both.
 */
import type { Explanation } from '@kennel/active-directory';
import type { AllowedAccount } from '@kennel/tenant';
import { admin } from './admin.ts';
import { shownError } from './errors.ts';

export type TenantLock =
  /** No connector syncs the domain: the tenant knows of nobody that they are protected. */
  | { state: 'none' }
  | { state: 'unreachable'; because: string }
  | {
      state: 'reached';
      /** SIDs that are let through. */
      allowed: readonly AllowedAccount[];
      change(verb: 'allow' | 'deny', sid: string): Promise<void>;
    };

/** The tenant does not run here, or who asks is no administrator of it. */
const UNREACHABLE: readonly string[] = [
  'tenant-not-running',
  'tenant-unreachable',
  'not-enrolled',
  'right-missing',
  'authentication-required',
];

export async function tenantLock(dnsName: string): Promise<TenantLock> {
  try {
    const { sync } = await admin();
    const domain = (await sync.domains()).find((each) => each.dnsName === dnsName.toLowerCase());
    if (domain === undefined) return { state: 'none' };
    return {
      state: 'reached',
      allowed: domain.allowedProtected,
      change: async (verb, sid) => {
        await sync.changeSettings(domain.dnsName, { [`${verb}Protected`]: [sid] });
      },
    };
  } catch (error) {
    const { code, message } = shownError(error);
    if (!UNREACHABLE.includes(code)) throw error;
    return { state: 'unreachable', because: message };
  }
}

const lets = (allowed: readonly AllowedAccount[], wanted: string) =>
  allowed.some(({ sid }) => sid === wanted);

/** Nothing where it is so already, or the tenant is not reached. */
export async function changeLock(lock: TenantLock, verb: 'allow' | 'deny', sid: string): Promise<void> {
  if (lock.state === 'reached' && lets(lock.allowed, sid) !== (verb === 'allow'))
    await lock.change(verb, sid);
}

/** Whether the tenant refuses somebody because they are protected; null where it could not be asked. */
export async function refusedByTenant(
  { protectedBy }: Pick<Explanation, 'protectedBy'>,
  token: ReadonlySet<string>,
  dnsName: string,
): Promise<boolean | null> {
  if (protectedBy.includes('built-in')) return true;
  if (protectedBy.length === 0) return false;
  const lock = await tenantLock(dnsName);
  if (lock.state !== 'reached') return lock.state === 'none' ? false : null;
  return !lock.allowed.some(({ sid }) => token.has(sid));
}

export function tenantText(lock: TenantLock): string {
  if (lock.state === 'none') return '';
  if (lock.state === 'unreachable') return `Whom the tenant lets through is not known: ${lock.because}`;
  return lock.allowed.length === 0
    ? 'The tenant refuses every protected account.'
    : `The tenant refuses protected accounts, but for: ${lock.allowed.map(({ sid, name }) => name ?? sid).join(', ')}`;
}

/** What happens to the tenant's lock besides AD's lists: told before the administrator says yes. */
export function lockText(
  lock: TenantLock,
  verb: 'allow' | 'deny',
  { name, sid, dnsName }: { name: string; sid: string; dnsName: string },
): string[] {
  const command = `kennel sync settings ${dnsName} --${verb}-protected "${name}"`;
  switch (lock.state) {
    case 'none':
      return [];
    case 'unreachable':
      return [
        verb === 'allow'
          ? `The tenant was not reached (${lock.because}) If it syncs this domain, it goes on refusing protected members of ${name}, until an administrator of the tenant runs: ${command}`
          : `The tenant was not reached (${lock.because}) If it lets protected members of ${name} through, take that back, too: ${command}`,
      ];
    case 'reached':
      if (lets(lock.allowed, sid) === (verb === 'allow')) return [];
      return [
        verb === 'allow'
          ? `The tenant, which refuses protected accounts by itself, lets ${name} through, too.`
          : `The tenant refuses protected members of ${name} again, too.`,
      ];
  }
}
