/** What a user is given as, and shown as; names follow the Graph's. */
import { z } from 'zod';

/** A user principal name: `alice@corp.example.com`. */
export const userPrincipalName = z
  .string()
  .trim()
  .max(320)
  .regex(
    /^[^\s@/\\"]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/,
    'must look like alice@corp.example.com',
  );

/** A domain user's SID: S-1-5-21-a-b-c-rid ([MS-DTYP] 2.4.2). */
export const domainUserSid = z
  .string()
  .toUpperCase()
  .regex(/^S-1-5-21(-(0|[1-9]\d{0,9})){4}$/, 'must look like S-1-5-21-1-2-3-1104')
  .refine(
    (sid) =>
      sid
        .split('-')
        .slice(4)
        .every((part) => Number(part) <= 0xffffffff),
    'has a part above 32 bits',
  );

/** sAMAccountName of a user ([MS-ADTS] 3.1.1.6): at most 20 characters. */
export const samAccountName = z.string().regex(/^[^"/\\[\]:;|=,+*?<>@\s]{1,20}$/, 'must be a sAMAccountName');

export const dnsDomainName = z
  .string()
  .toLowerCase()
  .max(253)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be a DNS name such as corp.example.com',
  );

export const displayName = z.string().trim().min(1).max(256);

export const newUser = z.strictObject({
  userPrincipalName,
  displayName: displayName.optional(),
  onPremisesSecurityIdentifier: domainUserSid.optional(),
  onPremisesSamAccountName: samAccountName.optional(),
  onPremisesDomainName: dnsDomainName.optional(),
});
export type NewUser = z.input<typeof newUser>;

export const userChanges = z.strictObject({
  userPrincipalName: userPrincipalName.optional(),
  displayName: displayName.optional(),
  enabled: z.boolean().optional(),
  onPremisesSecurityIdentifier: domainUserSid.nullable().optional(),
  onPremisesSamAccountName: samAccountName.nullable().optional(),
  onPremisesDomainName: dnsDomainName.nullable().optional(),
});
export type UserChanges = z.input<typeof userChanges>;

export const userRole = z.strictObject({ role: z.enum(['user', 'administrator']) });

/** A user as the tenant shows it; `createdOn` is ISO 8601 in UTC. */
export interface User {
  id: string;
  userPrincipalName: string;
  displayName: string;
  enabled: boolean;
  role: 'user' | 'administrator';
  onPremisesSecurityIdentifier: string | null;
  onPremisesSamAccountName: string | null;
  onPremisesDomainName: string | null;
  createdOn: string;
}
