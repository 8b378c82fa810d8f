/**
 * One key for one user, from fresh to handed over: a PIN by chance, the registration, and then the order to the key to
 * ask for a PIN of its owner's own before anything else.
 */
import { randomInt } from 'node:crypto';
import type { SecurityKey } from '@kennel/security-key';
import { admin } from '../admin.ts';
import { CliError } from '../errors.ts';
import { registerKey } from '../registration.ts';
import type { Result } from './results.ts';

const PIN_DIGITS = 8;

export interface ProvisioningOrder {
  user: string;
  displayName: string;
  /** The PIN that the key has already; without it the key must be fresh, and gets one. */
  pin?: string | undefined;
  /** What an interrupted run left of this user. */
  before?: Result | undefined;
  /** Told of each step before the next one begins. */
  keep: (result: Result) => void;
}

/** @throws CliError `key-not-fresh`; SecurityKeyError; TenantError */
export async function provisionKey(key: SecurityKey, order: ProvisioningOrder): Promise<Result> {
  const { user, displayName, before, keep } = order;
  const found = before?.state === 'made' ? await registered(user, before.credentialId) : undefined;
  const pin = order.pin ?? before?.pin ?? randomPin((await key.info()).minPinLength);
  const draft = { user, displayName, pin };
  if (found === undefined) {
    if (order.pin === undefined) {
      keep({ ...draft, state: 'pin-chosen', time: now() });
      await givePin(key, pin, before?.pin !== undefined);
    }
    const made = await registerKey(key, {
      user,
      displayName,
      pin,
      onMade: (credentialId) => keep({ ...draft, state: 'made', credentialId, time: now() }),
    });
    return finish(
      key,
      { ...draft, credentialId: made.id, aaGuid: made.aaGuid, model: made.model ?? '' },
      keep,
    );
  }
  // The tenant had it before the interruption: what is left is the order to change the PIN.
  return finish(
    key,
    { ...draft, credentialId: found.id, aaGuid: found.aaGuid, model: found.model ?? '' },
    keep,
  );
}

async function finish(
  key: SecurityKey,
  registration: Omit<Result, 'state'> & { pin: string },
  keep: (result: Result) => void,
): Promise<Result> {
  const result: Result = {
    ...registration,
    state: 'done',
    pinMustChange: (await forcesChange(key, registration.pin)) ? 'yes' : 'no',
    time: now(),
  };
  keep(result);
  return result;
}

/** False where the key cannot be told to: its owner must be asked. */
async function forcesChange(key: SecurityKey, pin: string): Promise<boolean> {
  if ((await key.info()).pinChangeNeeded) return true;
  try {
    await key.forcePinChange(pin);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'unsupported-option') return false;
    throw error;
  }
}

/** @param isAgain whether an interrupted run may have given this very PIN */
async function givePin(key: SecurityKey, pin: string, isAgain: boolean): Promise<void> {
  if (!(await key.info()).clientPinSet) return key.setPin(pin);
  if (isAgain) return; // a wrong one is told by the key itself
  throw new CliError(
    'key-not-fresh',
    'This key has a PIN already, so it may be somebody’s. Take a fresh one, reset it (fido2-token -R; this erases it), or give its PIN with --pin-file.',
  );
}

async function registered(user: string, credentialId: string | undefined) {
  const keys = await (await admin()).keys.list(user);
  return keys.find(({ id }) => id === credentialId);
}

const randomPin = (least: number) =>
  Array.from({ length: Math.max(least, PIN_DIGITS) }, () => randomInt(10)).join('');
const now = () => new Date().toISOString();
