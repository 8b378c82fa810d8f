/** The policy for Temporary Access Passes: one for the tenant. */
import { firstIssue } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import type { PassRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { keepPassPolicy, storedPassPolicy } from './queries.ts';
import {
  DEFAULT_PASS_POLICY,
  type Pass,
  type PassConfiguration,
  type PassPolicy,
  type PassPolicyChanges,
  passPolicy,
} from './schema.ts';

/** What holds now. */
export async function passPolicyOf({ store }: Pick<Tenant, 'store'>): Promise<PassPolicy> {
  const rules = await storedPassPolicy(store);
  return rules === undefined ? DEFAULT_PASS_POLICY : passPolicy.parse(JSON.parse(rules));
}

/** Changes what is given. @throws TenantError `request-malformed` where the members contradict one another */
export async function changePassPolicy(
  tenant: Tenant,
  by: Caller,
  { '@odata.type': _, ...changes }: PassPolicyChanges,
): Promise<PassPolicy> {
  const checked = passPolicy.safeParse({ ...(await passPolicyOf(tenant)), ...changes });
  if (!checked.success) {
    throw new TenantError('request-malformed', `The policy is wrong: ${firstIssue(checked.error)}.`);
  }
  await keepPassPolicy(tenant.store, JSON.stringify(checked.data), iso(tenant.now()));
  await tenant.audit.record({
    ...by,
    event: 'policy.updated',
    subject: `policy:passes ${JSON.stringify(changes)}`,
    outcome: 'allowed',
  });
  return checked.data;
}

/** In the shape of the Graph. */
export const toConfiguration = (policy: PassPolicy): PassConfiguration => ({
  '@odata.type': '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration',
  id: 'TemporaryAccessPass',
  ...policy,
  includeTargets: [{ targetType: 'group', id: 'all_users', isRegistrationRequired: false }],
});

export const passesOff = () =>
  new TenantError(
    'passes-off',
    'Temporary Access Passes are switched off in this organization. Ask your administrator for a security key.',
  );

/** Whether a pass is good at a time, and if not, why. */
export function usability(
  row: Omit<PassRow, 'hash'>,
  policy: PassPolicy,
  now: string,
): Pass['methodUsabilityReason'] {
  if (policy.state === 'disabled') return 'DisabledByPolicy';
  if (row.expires_on <= now) return 'Expired';
  if (row.usable_once === 1 && row.used_on !== null) return 'OneTimeUsed';
  return row.starts_on > now ? 'NotYetValid' : 'EnabledByPolicy';
}
