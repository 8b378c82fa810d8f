/** Temporary Access Passes: what is asked for, what the policy bounds, and how a pass is shown. */
import { z } from 'zod';
import { PASS_CHARACTERS, PASS_MINUTES } from './bounds.ts';

const lifetime = z.int().min(PASS_MINUTES.least).max(PASS_MINUTES.most);

export const newPass = z.strictObject({
  '@odata.type': z.string().max(128).optional(),
  /** When it begins to be good; now, unless given. */
  startDateTime: z.iso.datetime({ offset: true }).optional(),
  lifetimeInMinutes: lifetime.optional(),
  /** Whether the first registration uses it up; it does, unless given. */
  isUsableOnce: z.boolean().optional(),
});
export type NewPass = z.input<typeof newPass>;

const policyFields = {
  state: z.enum(['enabled', 'disabled']),
  /** Characters. */
  defaultLength: z.int().min(PASS_CHARACTERS.least).max(PASS_CHARACTERS.most),
  defaultLifetimeInMinutes: lifetime,
  minimumLifetimeInMinutes: lifetime,
  maximumLifetimeInMinutes: lifetime,
  /** Whether every pass is for one registration only. */
  isUsableOnce: z.boolean(),
};
export const passPolicy = z
  .strictObject(policyFields)
  .refine(
    (policy) =>
      policy.minimumLifetimeInMinutes <= policy.defaultLifetimeInMinutes &&
      policy.defaultLifetimeInMinutes <= policy.maximumLifetimeInMinutes,
    {
      message: 'must lie between minimumLifetimeInMinutes and maximumLifetimeInMinutes',
      path: ['defaultLifetimeInMinutes'],
    },
  );
export type PassPolicy = z.output<typeof passPolicy>;

export const passPolicyChanges = z
  .strictObject(policyFields)
  .partial()
  .extend({
    '@odata.type': z.string().max(128).optional(),
  });
export type PassPolicyChanges = z.input<typeof passPolicyChanges>;

/** What holds until an administrator says otherwise. */
export const DEFAULT_PASS_POLICY: PassPolicy = {
  state: 'enabled',
  defaultLength: 8,
  defaultLifetimeInMinutes: 60,
  minimumLifetimeInMinutes: 10,
  maximumLifetimeInMinutes: 1440,
  isUsableOnce: false,
};

/** A pass as shown (`temporaryAccessPassAuthenticationMethod` of the Graph); times are ISO 8601 in UTC. */
export interface Pass {
  id: string;
  /** The pass itself: in the answer that made it, and never again. */
  temporaryAccessPass: string | null;
  createdDateTime: string;
  startDateTime: string;
  lifetimeInMinutes: number;
  isUsableOnce: boolean;
  isUsable: boolean;
  methodUsabilityReason: 'EnabledByPolicy' | 'DisabledByPolicy' | 'NotYetValid' | 'Expired' | 'OneTimeUsed';
}

/** `temporaryAccessPassAuthenticationMethodConfiguration` of the Graph. */
export interface PassConfiguration extends PassPolicy {
  '@odata.type': '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration';
  id: 'TemporaryAccessPass';
  includeTargets: { targetType: 'group'; id: string; isRegistrationRequired: boolean }[];
}
