/**
 * Which policy holds for whom. Entries are for groups and stand in an order: the first that is for one of a user's groups
 * holds for that user, and nothing of the others does.
 */
import type { Tenant } from '../tenant.ts';
import * as queries from './queries.ts';
import { DEFAULT_RULES, type KeyPolicy, type KeyPolicyRules, keyPolicyRules } from './schema.ts';

/** The policy that holds for a user; `entries` where all of them were read already. */
export async function keyPolicyOf(
  tenant: Pick<Tenant, 'store'>,
  userId: string,
  entries?: readonly queries.KeyPolicyWithGroup[],
): Promise<KeyPolicy> {
  const row = await queries.policyOfUser(tenant.store, userId, entries);
  return row === undefined ? builtIn : toKeyPolicy(row);
}

/** What holds where nobody has said anything. */
export const builtIn: KeyPolicy = { group: null, updatedOn: null, ...DEFAULT_RULES };

export function toKeyPolicy(row: queries.KeyPolicyWithGroup): KeyPolicy {
  const { group_id: id, group_name: displayName } = row;
  return {
    group: id === null ? null : { id, displayName: displayName ?? id },
    updatedOn: row.updated_on,
    ...parse(row.rules),
  };
}

/** Rules that cannot be read are an error of ours, and nobody signs in by them. */
export const parse = (rules: string): KeyPolicyRules => keyPolicyRules.parse(JSON.parse(rules));
