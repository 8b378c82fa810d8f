/** How a device is spoken of on the pages. */
import type { Device, User } from '@kennel/tenant/wire';

const KINDS: Readonly<Record<number, string>> = {
  0: 'Joined',
  4: 'Registered',
  6: 'Hybrid joined',
  8: 'Joined',
};

export const kindOf = ({ joinType }: Device) => KINDS[joinType] ?? `Kind ${joinType}`;

export const systemOf = ({ operatingSystem, osVersion }: Device) => `${operatingSystem} ${osVersion}`.trim();

/** Whose it is: a computer of a domain is nobody's. */
export function ownerOf({ registeredBy }: Device, users: ReadonlyMap<string, User>): string {
  if (registeredBy.startsWith('computer:')) return 'Its domain';
  return users.get(registeredBy)?.userPrincipalName ?? 'A user who is gone';
}
