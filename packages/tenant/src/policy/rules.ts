/** The entries of the policy: listing, changing, removing and ordering them. Nobody locks themselves out by it. */
import { TenantError } from '../errors.ts';
import { findGroup } from '../groups/rules.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { builtIn, parse, toKeyPolicy } from './effective.ts';
import { checkOwnWayIn } from './keys.ts';
import * as queries from './queries.ts';
import {
  DEFAULT_RULES,
  type KeyPolicy,
  type KeyPolicyChanges,
  keyPolicyChanges,
  keyPolicyRules,
} from './schema.ts';

/** All entries in their order; the default is the last one, and always there. */
export async function listKeyPolicies(tenant: Tenant): Promise<KeyPolicy[]> {
  const entries = (await queries.listPolicies(tenant.store)).map(toKeyPolicy);
  return entries.at(-1)?.group === null ? entries : [...entries, builtIn];
}

/** One entry, by group or `default`. @throws TenantError `group-not-found`, `policy-not-found` */
export async function showKeyPolicy(tenant: Tenant, name: string): Promise<KeyPolicy> {
  const id = await idOf(tenant, name);
  const entries = await listKeyPolicies(tenant);
  const found = entries.find(({ group }) => (group?.id ?? queries.DEFAULT_ID) === id);
  if (found === undefined) throw noPolicy(name);
  return found;
}

/**
 * Changes what is given; an entry that is not there yet begins with the default's members, behind the others.
 *
 * @param name a group, or `default`
 * @throws TenantError `group-not-found`, `policy-locks-you-out`
 */
export async function changeKeyPolicy(
  tenant: Tenant,
  by: Caller,
  name: string,
  given: KeyPolicyChanges,
): Promise<KeyPolicy> {
  const id = await idOf(tenant, name);
  const changes = keyPolicyChanges.parse(given);
  await tenant.store.transaction().execute(async (transaction) => {
    const [before, fallback] = [
      await queries.policyById(transaction, id),
      await queries.policyById(transaction, queries.DEFAULT_ID),
    ];
    const from = before ?? fallback;
    const rules = { ...(from === undefined ? DEFAULT_RULES : parse(from.rules)), ...changes };
    await queries.upsertPolicy(transaction, {
      id,
      group_id: id === queries.DEFAULT_ID ? null : id,
      position: id === queries.DEFAULT_ID ? queries.LAST_POSITION : await queries.nextPosition(transaction),
      rules: JSON.stringify(keyPolicyRules.parse(rules)),
      updated_on: iso(tenant.now()),
    });
    await checkOwnWayIn({ ...tenant, store: transaction }, by);
  });
  await record(tenant, by, 'policy.updated', `policy:${id} ${JSON.stringify(changes)}`);
  return showKeyPolicy(tenant, name);
}

/**
 * Removes an entry; the default goes back to what is built in.
 *
 * @throws TenantError `group-not-found`, `policy-not-found`, `policy-locks-you-out`
 */
export async function removeKeyPolicy(tenant: Tenant, by: Caller, name: string): Promise<void> {
  const id = await idOf(tenant, name);
  await tenant.store.transaction().execute(async (transaction) => {
    if (!(await queries.deletePolicy(transaction, id))) throw noPolicy(name);
    await checkOwnWayIn({ ...tenant, store: transaction }, by);
  });
  await record(tenant, by, 'policy.removed', `policy:${id}`);
}

/**
 * Puts the entries into the order of these groups; each must be named, once.
 *
 * @throws TenantError `group-not-found`, `policy-order-incomplete`, `policy-locks-you-out`
 */
export async function orderKeyPolicies(
  tenant: Tenant,
  by: Caller,
  groups: readonly string[],
): Promise<KeyPolicy[]> {
  const ids: string[] = [];
  for (const name of groups) ids.push((await findGroup(tenant.store, name)).id);
  await tenant.store.transaction().execute(async (transaction) => {
    const known = (await queries.listPolicies(transaction)).flatMap(({ group_id }) => group_id ?? []);
    if (
      new Set(ids).size !== ids.length ||
      known.length !== ids.length ||
      !known.every((id) => ids.includes(id))
    ) {
      throw new TenantError(
        'policy-order-incomplete',
        'Name each group that has a policy, and each once. `kennel policy list` shows them.',
      );
    }
    for (const [index, id] of ids.entries()) await queries.setPosition(transaction, id, index + 1);
    await checkOwnWayIn({ ...tenant, store: transaction }, by);
  });
  await record(tenant, by, 'policy.reordered', `policies ${ids.join(' ')}`);
  return listKeyPolicies(tenant);
}

const idOf = async (tenant: Tenant, name: string) =>
  name.toLowerCase() === queries.DEFAULT_ID ? queries.DEFAULT_ID : (await findGroup(tenant.store, name)).id;

const noPolicy = (name: string) =>
  new TenantError(
    'policy-not-found',
    `There is no policy for ${name}. \`kennel policy list\` shows them all.`,
  );

function record(
  tenant: Tenant,
  by: Caller,
  event: `policy.${'updated' | 'removed' | 'reordered'}`,
  subject: string,
): Promise<void> {
  return tenant.audit.record({ ...by, event, subject, outcome: 'allowed' });
}
