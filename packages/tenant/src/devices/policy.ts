/** The policy for devices: who may join one, how many, and after which proof. One for the tenant. */
import { firstIssue } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import { listGroups } from '../groups/queries.ts';
import { findGroup } from '../groups/rules.ts';
import { groupIdsOf } from '../sync/account.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { keepDevicePolicy, storedDevicePolicy } from './queries.ts';
import {
  DEFAULT_DEVICE_POLICY,
  type DevicePolicy,
  type DevicePolicyChanges,
  type DevicePolicyRules,
  devicePolicyRules,
} from './schema.ts';

/** What holds now. */
export async function deviceRulesOf({ store }: Pick<Tenant, 'store'>): Promise<DevicePolicyRules> {
  const rules = await storedDevicePolicy(store);
  return rules === undefined ? DEFAULT_DEVICE_POLICY : devicePolicyRules.parse(JSON.parse(rules));
}

export async function showDevicePolicy(tenant: Tenant): Promise<DevicePolicy> {
  const { groups, ...rules } = await deviceRulesOf(tenant);
  const names = new Map((await listGroups(tenant.store)).map((group) => [group.id, group.display_name]));
  // A group that is gone has no members, and lets nobody join.
  return { ...rules, groups: groups.map((id) => ({ id, displayName: names.get(id) ?? id })) };
}

/** Changes what is given. @throws TenantError `group-not-found`, `request-malformed` where the members contradict one another */
export async function changeDevicePolicy(
  tenant: Tenant,
  by: Caller,
  { groups, ...changes }: DevicePolicyChanges,
): Promise<DevicePolicy> {
  const ids: string[] = [];
  for (const name of groups ?? []) ids.push((await findGroup(tenant.store, name)).id);
  const given = { ...changes, ...(groups !== undefined && { groups: ids }) };
  const checked = devicePolicyRules.safeParse({ ...(await deviceRulesOf(tenant)), ...given });
  if (!checked.success) {
    throw new TenantError('request-malformed', `The policy is wrong: ${firstIssue(checked.error)}.`);
  }
  await keepDevicePolicy(tenant.store, JSON.stringify(checked.data), iso(tenant.now()));
  await tenant.audit.record({
    ...by,
    event: 'policy.updated',
    subject: `policy:devices ${JSON.stringify(given)}`,
    outcome: 'allowed',
  });
  return showDevicePolicy(tenant);
}

/**
 * Refuses people who may not join a device, whether it is new or joins again.
 *
 * @param withKey whether they have shown a security key
 * @throws TenantError `join-not-allowed`, `join-requires-key`
 */
export async function checkMayJoin(
  tenant: Tenant,
  rules: DevicePolicyRules,
  userId: string,
  withKey: boolean,
): Promise<void> {
  if (!(await isAmong(tenant, rules, userId))) {
    throw new TenantError(
      'join-not-allowed',
      'In your organization you may not join devices. Ask your administrator to join this one, or to let you.',
    );
  }
  if (rules.fidoRequired && !withKey) {
    throw new TenantError(
      'join-requires-key',
      'A device is joined after a sign-in with a security key. Register one with your Temporary Access Pass first, then sign in with it.',
    );
  }
}

async function isAmong(
  tenant: Tenant,
  { join, groups }: DevicePolicyRules,
  userId: string,
): Promise<boolean> {
  if (join !== 'groups') return join === 'everyone';
  const mine = await groupIdsOf(tenant.store, userId);
  return groups.some((id) => mine.has(id));
}
