/**
 * A Primary Refresh Token as a device presents it: with a request under its session key. What an administrator took
 * away since (user, device, key) stops here at once.
 *
 * A renewed token stays good until its successor is first used, since the answer may have been lost on the way.
 * From then on its use means that somebody copied it: the whole family is revoked. Only within a minute it may
 * be another program of the same device that had read the old one; then it is refused, and no more.
 */
import { type ParsedJws, PrtError, verifyWithSessionKey } from '@kennel/prt';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { checkEnabled } from '../devices/current-device.ts';
import { deviceById } from '../devices/queries.ts';
import { TenantError } from '../errors.ts';
import { type NonceUse, spendNonces } from '../nonce/rules.ts';
import type { CredentialRow, DeviceRow, PrtRow, UserRow } from '../store/schema.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { checkMaySignIn } from '../users/may-sign-in.ts';
import { userById } from '../users/queries.ts';
import { credentialById } from '../webauthn/queries.ts';
import { hashOfPrt, sessionKeyOf } from './issue.ts';
import { deleteFamily, noteFirstUse, prtByHash } from './queries.ts';

/** Two programs of one device may cross by so much, in seconds. */
const CROSSING_SECONDS = 60;
/** How long a superseded token is remembered, so that its use is told as reuse. */
const REMEMBERED_SECONDS = 24 * 3600;

export interface Presented {
  row: PrtRow;
  holder: Holder;
  /** 32 bytes; wiped when `work` has ended. */
  sessionKey: Uint8Array;
  audited: Audited;
}

/**
 * Checks the token and the request that bears it, then does what is asked. Each refusal stands in the audit, those
 * of `work` too.
 *
 * @param nonce the nonce of the request; spent for `use` once the signature is good
 * @throws TenantError `prt-*`, `nonce-*`, `user-disabled`, `device-disabled`, `key-removed`
 */
export async function withPresentedPrt<T>(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  given: { prt: string; jws: ParsedJws; nonce: string; use: NonceUse },
  work: (presented: Presented) => Promise<T>,
): Promise<T> {
  let audited: Audited | undefined;
  let sessionKey: Uint8Array | undefined;
  try {
    const row = await prtByHash(tenant.store, hashOfPrt(given.prt));
    if (row === undefined || row.expires_on < iso(tenant.now())) throw unknownPrt();
    sessionKey = sessionKeyOf(tenant, row);
    checkSignature(given.jws, sessionKey);
    audited = { correlationId, actor: `device:${row.device_id}`, subject: `user:${row.user_id}` };
    await spendNonces(tenant, [{ nonce: given.nonce, use: given.use }]);
    const holder = await holderOf(tenant, row);
    if (row.superseded_on !== null) await refuseReuse(tenant, row, row.superseded_on, audited);
    if (row.used === 0) await noteUse(tenant, row);
    return await work({ row, holder, sessionKey, audited });
  } catch (error) {
    if (error instanceof TenantError) {
      const event: AuditEvent = {
        ...(audited ?? { correlationId, actor: 'unknown', subject: 'prt' }),
        event: 'prt.use-refused',
        outcome: 'denied',
        reason: error.code,
      };
      await (audited === undefined ? tenant.strangers.refused(source, event) : tenant.audit.record(event));
    }
    throw error;
  } finally {
    sessionKey?.fill(0);
  }
}

export interface Holder {
  user: UserRow;
  device: DeviceRow;
  key: CredentialRow | undefined;
}

/** User, device and key as they are now. @throws TenantError */
async function holderOf(tenant: Tenant, row: PrtRow): Promise<Holder> {
  const { store } = tenant;
  const [user, device, key] = await Promise.all([
    userById(store, row.user_id),
    deviceById(store, row.device_id),
    row.credential_id === null ? undefined : credentialById(store, row.credential_id),
  ]);
  if (user === undefined || device === undefined) throw unknownPrt();
  await checkMaySignIn(tenant, user);
  await checkEnabled(tenant, device);
  if (row.credential_id !== null && (key === undefined || key.removed_on !== null)) {
    throw new TenantError(
      'key-removed',
      'The security key with which you signed in was removed from your account. Sign in with another key.',
    );
  }
  return { user, device, key };
}

function checkSignature(jws: ParsedJws, sessionKey: Uint8Array): void {
  try {
    verifyWithSessionKey(jws, sessionKey);
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError(
      'prt-signature-invalid',
      'The request is not signed with the session key of its Primary Refresh Token. Sign in again.',
    );
  }
}

async function noteUse(tenant: Tenant, row: PrtRow): Promise<void> {
  const now = tenant.now();
  await noteFirstUse(tenant.store, {
    tokenHash: row.token_hash,
    now: iso(now),
    forgetOn: iso(later(now, REMEMBERED_SECONDS)),
  });
}

async function refuseReuse(
  tenant: Tenant,
  row: PrtRow,
  supersededOn: string,
  audited: Audited,
): Promise<never> {
  if (supersededOn >= iso(later(tenant.now(), -CROSSING_SECONDS))) {
    throw new TenantError(
      'prt-superseded',
      'This Primary Refresh Token was renewed a moment ago. Try again with the new one.',
    );
  }
  await deleteFamily(tenant.store, row.family);
  await tenant.audit.record({
    ...audited,
    event: 'prt.reuse-detected',
    outcome: 'denied',
    reason: 'prt-reused',
  });
  throw new TenantError(
    'prt-reused',
    'An old Primary Refresh Token was used again: it may have been copied. Sign in again with your security key.',
  );
}

const unknownPrt = () =>
  new TenantError(
    'prt-unknown',
    'This Primary Refresh Token is over or was revoked. Sign in again with your security key.',
  );
