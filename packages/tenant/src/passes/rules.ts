/** Making, showing and removing Temporary Access Passes, for administrators. */
import { randomUUID } from 'node:crypto';
import { TenantError } from '../errors.ts';
import type { PassRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { findUser } from '../users/rules.ts';
import { hashPass } from './hash.ts';
import { passesOff, passPolicyOf, usability } from './policy.ts';
import * as queries from './queries.ts';
import type { NewPass, Pass, PassPolicy } from './schema.ts';
import { makePass } from './text.ts';
import { triesOf } from './tries.ts';

const MINUTE_SECONDS = 60;

/**
 * Makes a pass for a user in place of the one before, and lifts the lockout. The answer is the only one that ever holds
 * the pass itself.
 *
 * @throws TenantError `user-not-found`, `user-ambiguous`, `user-disabled`, `passes-off`, `pass-outside-policy`
 */
export async function createPass(
  tenant: Tenant,
  by: Caller,
  userName: string,
  given: NewPass,
): Promise<Pass> {
  const user = await findUser(tenant.store, userName);
  if (user.enabled !== 1) {
    throw new TenantError('user-disabled', `${user.user_principal_name} is disabled. Enable the user first.`);
  }
  const policy = await passPolicyOf(tenant);
  const now = tenant.now();
  checkAgainst(policy, given, now);
  const start = new Date(Math.max(now.getTime(), Date.parse(given.startDateTime ?? iso(now))));
  const minutes = given.lifetimeInMinutes ?? policy.defaultLifetimeInMinutes;
  const pass = makePass(policy.defaultLength);
  const row: PassRow = {
    user_id: user.id,
    id: randomUUID(),
    hash: await hashPass(pass),
    created_on: iso(now),
    starts_on: iso(start),
    expires_on: iso(later(start, minutes * MINUTE_SECONDS)),
    usable_once: Number(policy.isUsableOnce || (given.isUsableOnce ?? true)),
    used_on: null,
  };
  await queries.putPass(tenant.store, row);
  await queries.forgetTries(tenant.store, triesOf(user.id));
  await tenant.audit.record({
    ...by,
    event: 'pass.created',
    subject: `user:${user.id} pass:${row.id}`,
    outcome: 'allowed',
  });
  return { ...toPass(row, policy, now), temporaryAccessPass: pass };
}

/** The passes of a user, one at most, without themselves. @throws TenantError `user-not-found`, `user-ambiguous` */
export async function listPasses(tenant: Tenant, userName: string): Promise<Pass[]> {
  const user = await findUser(tenant.store, userName);
  const row = await queries.passOfUser(tenant.store, user.id);
  return row === undefined ? [] : [toPass(row, await passPolicyOf(tenant), tenant.now())];
}

/** @param id where it must be a certain one. @throws TenantError `user-not-found`, `user-ambiguous`, `pass-not-found` */
export async function showPass(tenant: Tenant, userName: string, id?: string): Promise<Pass> {
  const [found] = await listPasses(tenant, userName);
  if (found === undefined || (id !== undefined && found.id !== id)) throw noPass(userName);
  return found;
}

/** Throws as {@link showPass}. */
export async function removePass(tenant: Tenant, by: Caller, userName: string, id?: string): Promise<void> {
  const user = await findUser(tenant.store, userName);
  if (!(await queries.deletePass(tenant.store, user.id, id))) throw noPass(user.user_principal_name);
  await tenant.audit.record({ ...by, event: 'pass.removed', subject: `user:${user.id}`, outcome: 'allowed' });
}

function checkAgainst(
  policy: PassPolicy,
  { lifetimeInMinutes, isUsableOnce, startDateTime }: NewPass,
  now: Date,
): void {
  if (policy.state === 'disabled') throw passesOff();
  const { minimumLifetimeInMinutes: least, maximumLifetimeInMinutes: most } = policy;
  if (lifetimeInMinutes !== undefined && (lifetimeInMinutes < least || lifetimeInMinutes > most)) {
    throw outside(`A pass may be good for ${least} to ${most} minutes here, not ${lifetimeInMinutes}.`);
  }
  if (policy.isUsableOnce && isUsableOnce === false) {
    throw outside('Every pass is for one registration here.');
  }
  if (startDateTime !== undefined && new Date(startDateTime) > later(now, 366 * 86_400)) {
    throw outside('A pass begins within a year.');
  }
}

const outside = (text: string) =>
  new TenantError('pass-outside-policy', `${text} \`kennel policy pass\` shows and changes what is allowed.`);

const noPass = (name: string) =>
  new TenantError(
    'pass-not-found',
    `${name} has no Temporary Access Pass. \`kennel pass create\` makes one.`,
  );

function toPass(row: PassRow, policy: PassPolicy, now: Date): Pass {
  const reason = usability(row, policy, iso(now));
  return {
    id: row.id,
    temporaryAccessPass: null,
    createdDateTime: row.created_on,
    startDateTime: row.starts_on,
    lifetimeInMinutes: (Date.parse(row.expires_on) - Date.parse(row.starts_on)) / (MINUTE_SECONDS * 1000),
    isUsableOnce: row.usable_once === 1,
    isUsable: reason === 'EnabledByPolicy',
    methodUsabilityReason: reason,
  };
}
