/**
 * Redeeming a Temporary Access Pass. A try is counted in the store before the pass is looked at, so that guesses which
 * come at once, in however many processes, are no more than those that come one by one. A name that nobody has is
 * counted, reckoned and answered as one that somebody has.
 *
 * A right pass opens the way to registering a key and is not used up by that: `consumePass`, in the transaction that
 * writes the key, uses it.
 */

import { sourceOf } from '../audit/strangers.ts';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import type { UserRow } from '../store/schema.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { maySignIn } from '../users/may-sign-in.ts';
import { userByUpn } from '../users/queries.ts';
import { Gate, isPass } from './hash.ts';
import { passesOff, passPolicyOf, usability } from './policy.ts';
import * as queries from './queries.ts';
import { readPass } from './text.ts';
import { TRIES_A_NAME, TRIES_A_SOURCE, triesOf, WINDOW_SECONDS } from './tries.ts';

/** 38 MiB at most, and a queue that is worked off within a few seconds. */
const usualGate = new Gate(2, 32);

/** Who showed a pass, and which. */
export interface RedeemedPass {
  user: UserRow;
  passId: string;
  isUsableOnce: boolean;
  /** ISO 8601 in UTC: what the pass opened ends with it. */
  expiresOn: string;
}

/**
 * Checks a pass, and leaves it as it is.
 *
 * @param given the user's full name; the pass as the person typed it, spaces, hyphens and all
 * @throws TenantError `pass-invalid` (wrong, over, not yet good, used; or there is no such user), `pass-locked`,
 *   `pass-busy`, `passes-off`
 */
export async function redeemPass(
  tenant: Tenant,
  by: Visitor,
  { userName, pass: typed }: { userName: string; pass: string },
  { verify, gate }: { verify: typeof isPass; gate: Gate } = { verify: isPass, gate: usualGate },
): Promise<RedeemedPass> {
  if ((await passPolicyOf(tenant)).state === 'disabled') throw passesOff();
  const name = userName.normalize('NFC').toLowerCase();
  const user = await userByUpn(tenant.store, name);
  const pass = readPass(typed);
  const result = await gate.run(() => counted(tenant, by, user, name, pass, verify));
  if (result === undefined) {
    throw new TenantError(
      'pass-busy',
      'Too many passes are being checked at this moment. Try again shortly.',
    );
  }
  const { value } = result;
  if (!(value instanceof TenantError)) return value;
  const event = {
    event: 'pass.refused',
    actor: 'unknown',
    subject: user === undefined ? 'user:unknown' : `user:${user.id}`,
    outcome: 'denied',
    reason: value.code,
    correlationId: by.correlationId,
  } as const;
  await tenant.strangers.refused(by.source, event);
  throw value;
}

async function counted(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  user: UserRow | undefined,
  name: string,
  pass: string | undefined,
  verify: typeof isPass,
): Promise<RedeemedPass | TenantError> {
  const { store } = tenant;
  const now = tenant.now();
  const window = { now: iso(now), windowEnd: iso(later(now, WINDOW_SECONDS)) };
  const ofSource = `source:${sourceOf(source)}`;
  const ofName = triesOf(user?.id ?? name);
  // The name first: once it is locked, guesses at it cost the store no write.
  for (const count of [
    { subject: ofName, most: TRIES_A_NAME },
    { subject: ofSource, most: TRIES_A_SOURCE },
  ]) {
    if (!(await queries.countTry(store, { ...count, ...window }))) return locked();
  }
  const row = user === undefined ? undefined : await queries.passOfUser(store, user.id);
  const right = await verify(pass ?? '', row?.hash);
  const isGood =
    right &&
    row !== undefined &&
    user !== undefined &&
    (await maySignIn(tenant, user)) &&
    usability(row, await passPolicyOf(tenant), window.now) === 'EnabledByPolicy';
  if (!isGood) return wrong();
  await queries.uncountTry(store, ofSource);
  await queries.uncountTry(store, ofName);
  await tenant.audit.record({
    event: 'pass.redeemed',
    actor: `user:${user.id}`,
    subject: `pass:${row.id}`,
    outcome: 'allowed',
    correlationId,
  });
  return { user, passId: row.id, isUsableOnce: row.usable_once === 1, expiresOn: row.expires_on };
}

/**
 * Uses a pass, in the transaction that writes the registered key: it must still be the user's, good, and not used up.
 *
 * @param store the transaction
 * @throws TenantError `pass-used`
 */
export async function consumePass(store: Store, passId: string, now: Date): Promise<void> {
  if (await queries.usePass(store, passId, iso(now))) return;
  throw new TenantError(
    'pass-used',
    'Your Temporary Access Pass was used, replaced, or is over. Ask your administrator for a new one.',
  );
}

const wrong = () =>
  new TenantError(
    'pass-invalid',
    'This Temporary Access Pass is wrong, or it is not good now. Check it, or ask your administrator for a new one.',
  );
const locked = () =>
  new TenantError(
    'pass-locked',
    'Too many wrong passes. Wait a quarter of an hour, or ask your administrator for a new pass.',
  );
