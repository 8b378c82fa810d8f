/** The policy for security keys: what an entry says, its default, and how it is shown. */
import { PRT_LIFETIME_SECONDS } from '@kennel/prt/registry';
import { z } from 'zod';
import { CERTIFICATION_LEVELS } from '../metadata/levels.ts';
import type { KeyModelInfo } from '../metadata/schema.ts';
import { TRANSPORTS } from './transports.ts';

const DEFAULT_OFFLINE_DAYS = 7;

const distinct = <T extends z.ZodType>(item: T, most: number) =>
  z
    .array(item)
    .max(most)
    .transform((items) => [...new Set(items)]);

export const keyRestrictions = z.strictObject({
  isEnforced: z.boolean(),
  enforcementType: z.enum(['allow', 'block']),
  aaGuids: distinct(z.guid().toLowerCase(), 1000),
});

/** User verification is no member: it is always required. */
const fields = {
  /** Whether people may register keys themselves. */
  selfService: z.boolean(),
  /** Only keys whose model is proven. */
  attestationEnforced: z.boolean(),
  /** Which models; where enforced, the model must be proven. */
  keyRestrictions,
  passkeyTypes: distinct(z.enum(['deviceBound', 'synced']), 2).refine(
    (types) => types.length > 0,
    'must name one at least',
  ),
  /** The model must be proven, and certified at this level or higher. */
  minimumCertificationLevel: z.enum(CERTIFICATION_LEVELS).nullable(),
  /** Every way in which a key says that it connects must be among them; null: any. Nobody signs what it says. */
  transports: distinct(z.enum(TRANSPORTS), TRANSPORTS.length).nullable(),
  /** What happens where a signature counter goes back. */
  counterRegression: z.enum(['block', 'log']),
  /** How many days after its last contact a device signs its user in without the tenant; 0: never. */
  offlineDays: z
    .int()
    .min(0)
    .max(PRT_LIFETIME_SECONDS / 86_400),
};

export const keyPolicyRules = z.strictObject({
  ...fields,
  offlineDays: fields.offlineDays.default(DEFAULT_OFFLINE_DAYS), // entries from before say nothing of it
});
export type KeyPolicyRules = z.output<typeof keyPolicyRules>;

export const keyPolicyChanges = z.strictObject(fields).partial();
export type KeyPolicyChanges = z.input<typeof keyPolicyChanges>;

export const policyOrder = z.strictObject({ groups: z.array(z.string().min(1).max(256)).max(1000) });

/** What holds until an administrator says otherwise. */
export const DEFAULT_RULES: KeyPolicyRules = {
  selfService: true,
  attestationEnforced: false,
  keyRestrictions: { isEnforced: false, enforcementType: 'allow', aaGuids: [] },
  passkeyTypes: ['deviceBound', 'synced'],
  minimumCertificationLevel: null,
  transports: null,
  counterRegression: 'block',
  offlineDays: DEFAULT_OFFLINE_DAYS,
};

/** An entry as shown; `group` is null in the default, which is always the last. */
export interface KeyPolicy extends KeyPolicyRules {
  group: { id: string; displayName: string } | null;
  /** ISO 8601 in UTC; null where nobody has changed the default. */
  updatedOn: string | null;
}

/** The models that a policy accepts. */
export interface AcceptedModels {
  policy: KeyPolicy;
  /** Whether only keys of proven models are accepted; otherwise keys of any model are, but those refused. */
  attestationRequired: boolean;
  /** Accepted where proven; in the order of their names. */
  models: KeyModelInfo[];
  /** On the allow list, but unknown to the metadata: no key can prove to be one. */
  unknown: string[];
}

/** `fido2AuthenticationMethodConfiguration` of the Graph. */
export interface Fido2Configuration {
  '@odata.type': '#microsoft.graph.fido2AuthenticationMethodConfiguration';
  id: 'Fido2';
  state: 'enabled';
  isAttestationEnforced: boolean;
  isSelfServiceRegistrationAllowed: boolean;
  keyRestrictions: { isEnforced: boolean; enforcementType: 'allow' | 'block'; aaGuids: string[] };
  includeTargets: { targetType: 'group'; id: string; isRegistrationRequired: boolean }[];
  excludeTargets: never[];
}

export const fido2ConfigurationChanges = z.strictObject({
  '@odata.type': z.string().max(128).optional(),
  id: z.literal('Fido2').optional(),
  // Policies for groups are entries of their own here; what a client has read it may send back.
  includeTargets: z
    .array(z.looseObject({ id: z.literal('all_users') }))
    .max(1)
    .optional(),
  excludeTargets: z.array(z.never()).max(0).optional(),
  state: z.literal('enabled', 'can only be enabled: there is no other way to sign in').optional(),
  isAttestationEnforced: z.boolean().optional(),
  isSelfServiceRegistrationAllowed: z.boolean().optional(),
  keyRestrictions: keyRestrictions.partial().optional(),
});
export type Fido2ConfigurationChanges = z.input<typeof fido2ConfigurationChanges>;
