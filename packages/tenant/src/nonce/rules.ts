/**
 * Nonces ([MS-OAPXBC] 3.2.5.1.1). Nothing is stored when one is given out: it carries its time, and an HMAC
 * under the tenant's key tells it from another tenant's. Spending is recorded, once for each use.
 *
 *   version (1 byte) | issued, ms since 1970 (6) | random (16) | HMAC-SHA256 (32), as base64url: 74 characters
 *
 * The HMAC may cover a binding besides (a browser, a session and what it is about to do): such a nonce is genuine
 * for that binding alone.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import type { Store } from '../store/open.ts';
import type { Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { insertSpent } from './queries.ts';

/** How long a nonce is good, in seconds. */
const NONCE_LIFETIME_SECONDS = 300;
/** What a nonce is spent on. One nonce may serve a PRT request and the assertion inside it. */
export type NonceUse =
  | 'prt-request'
  | 'prt-assertion'
  | 'prt-use'
  | 'prt-browser'
  | 'device-browser'
  | 'device-delete'
  | 'registration-assertion'
  | 'web-assertion';

export interface NonceToSpend {
  nonce: string;
  use: NonceUse;
  binding?: string;
}

const VERSION = 1;
const BODY_BYTES = 1 + 6 + 16;
const MAC_BYTES = 32;
/** Two tenant processes may differ by so much, in milliseconds. */
const CLOCK_TOLERANCE = 10_000;

/** A fresh nonce. */
export function issueNonce(tenant: Tenant, binding = ''): string {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt8(VERSION, 0);
  body.writeUIntBE(tenant.now().getTime(), 1, 6);
  randomBytes(16).copy(body, 7);
  return Buffer.concat([body, mac(tenant, body, binding)]).toString('base64url');
}

/**
 * Spends nonces, each for its use. Where one of them was spent before, all are refused, and spent.
 *
 * @param store a transaction, where they are spent in one commit with what they are spent for
 * @throws TenantError `nonce-unknown` (not one of this tenant's), `nonce-expired`, `nonce-replayed`
 */
export async function spendNonces(
  tenant: Tenant,
  uses: readonly NonceToSpend[],
  store: Store = tenant.store,
): Promise<void> {
  const rows = checkNonces(tenant, uses);
  if (rows.length > 0 && !(await insertSpent(store, rows))) {
    throw new TenantError('nonce-replayed', 'This nonce was used before. Sign in again with a fresh one.');
  }
}

/** The rows that spend them; nothing is asked of the store. @throws TenantError `nonce-unknown`, `nonce-expired` */
export function checkNonces(tenant: Tenant, uses: readonly NonceToSpend[]) {
  return uses.map(({ nonce, use, binding = '' }) => {
    const { bytes, issued } = readNonce(tenant, nonce, binding);
    return {
      nonce_hash: sha256(bytes),
      use,
      expires_on: iso(new Date(issued + NONCE_LIFETIME_SECONDS * 1000 + CLOCK_TOLERANCE)),
    };
  });
}

/** Whether a nonce is this tenant's, for that binding, and not over; it is not spent. */
export function isFreshNonce(tenant: Tenant, nonce: string, binding: string): boolean {
  try {
    readNonce(tenant, nonce, binding);
    return true;
  } catch (error) {
    if (error instanceof TenantError) return false;
    throw error;
  }
}

function readNonce(tenant: Tenant, nonce: string, binding: string): { bytes: Buffer; issued: number } {
  const bytes = Buffer.from(nonce, 'base64url');
  const body = bytes.subarray(0, BODY_BYTES);
  const genuine =
    bytes.length === BODY_BYTES + MAC_BYTES &&
    bytes.toString('base64url') === nonce && // one spelling only
    timingSafeEqual(mac(tenant, body, binding), bytes.subarray(BODY_BYTES));
  if (!genuine) {
    throw new TenantError(
      'nonce-unknown',
      'This nonce is not from this tenant. Ask this tenant for one and sign in again.',
    );
  }
  const issued = body.readUIntBE(1, 6);
  const age = tenant.now().getTime() - issued;
  if (age > NONCE_LIFETIME_SECONDS * 1000 || age < -CLOCK_TOLERANCE) {
    throw new TenantError('nonce-expired', 'This nonce is older than five minutes. Sign in again.', { age });
  }
  return { bytes, issued };
}

function mac(tenant: Tenant, body: Buffer, binding: string): Buffer {
  return createHmac('sha256', tenant.keys.nonce)
    .update(`kennel nonce v1\0${tenant.config.tenantId}\0`)
    .update(body)
    .update(binding) // the body's length is fixed: no two pairs make the same text
    .digest();
}
