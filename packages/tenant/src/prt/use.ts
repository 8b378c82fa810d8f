/**
 * Using a Primary Refresh Token ([MS-OAPXBC] 3.2.5.1.3): a device that holds the session key renews the token, or
 * gets an access token. What an administrator took away since (user, device, key) stops here at once.
 *
 * A renewed token stays good until its successor is first used, since the answer may have been lost on the way.
 * From then on its use means that somebody copied it: the whole family is revoked. Only within a minute it may
 * be another program of the same device that had read the old one; then it is refused, and no more.
 */

import { encryptWithSessionKey, type ParsedJws, PrtError, verifyWithSessionKey } from '@kennel/prt';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { checkEnabled } from '../devices/current-device.ts';
import { deviceById } from '../devices/queries.ts';
import { TenantError } from '../errors.ts';
import { spendNonces } from '../nonce/rules.ts';
import { checkKeyPolicy } from '../policy/keys.ts';
import type { CredentialRow, DeviceRow, PrtRow, UserRow } from '../store/schema.ts';
import { iso, later, type Tenant, type Visitor } from '../tenant.ts';
import { accessTokenAnswer } from '../tokens/access-token.ts';
import { checkMaySignIn } from '../users/may-sign-in.ts';
import { userById } from '../users/queries.ts';
import { credentialById } from '../webauthn/queries.ts';
import { hashOfPrt, makePrt, sessionKeyOf } from './issue.ts';
import { deleteFamily, noteFirstUse, prtByHash } from './queries.ts';
import type { PrtForm } from './request.ts';
import { type PrtUse, parsePrtUse } from './use-request.ts';

/** Two programs of one device may cross by so much, in seconds. */
const CROSSING_SECONDS = 60;
/** How long a superseded token is remembered, so that its use is told as reuse. */
const REMEMBERED_SECONDS = 24 * 3600;

/**
 * @returns a compact JWE under the session key: a PRT answer without session key, or an access token's
 * @throws TenantError of every check; a request that cannot be read is not audited, everything after is
 */
export async function usePrt(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  form: PrtForm,
  jws: ParsedJws,
): Promise<string> {
  const use = parsePrtUse(form, jws);
  let audited: Audited | undefined;
  let sessionKey: Uint8Array | undefined;
  try {
    const row = await prtByHash(tenant.store, hashOfPrt(use.prt));
    if (row === undefined || row.expires_on < iso(tenant.now())) throw unknownPrt();
    sessionKey = sessionKeyOf(tenant, row);
    checkSignature(use, sessionKey);
    audited = { correlationId, actor: `device:${row.device_id}`, subject: `user:${row.user_id}` };
    await spendNonces(tenant, [{ nonce: use.requestNonce, use: 'prt-use' }]);
    const holder = await holderOf(tenant, row);
    if (row.superseded_on !== null) await refuseReuse(tenant, row, row.superseded_on, audited);
    if (row.used === 0) await noteUse(tenant, row);
    const answer =
      use.wants === 'prt'
        ? await renew(tenant, use, row, holder, sessionKey, audited)
        : await accessTokenAnswer(
            tenant,
            { ...use, ...holder, authenticatedOn: row.authenticated_on },
            audited,
          );
    return encryptWithSessionKey(sessionKey, Buffer.from(JSON.stringify(answer)), use.mode);
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

interface Holder {
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
  checkEnabled(device);
  if (row.credential_id !== null && (key === undefined || key.removed_on !== null)) {
    throw new TenantError(
      'key-removed',
      'The security key with which you signed in was removed from your account. Sign in with another key.',
    );
  }
  return { user, device, key };
}

async function renew(
  tenant: Tenant,
  use: PrtUse,
  row: PrtRow,
  { user, device, key }: Holder,
  sessionKey: Uint8Array,
  audited: Audited,
) {
  if (key !== undefined) await checkKeyPolicy(tenant, key);
  const renewed = { event: 'prt.renewed', asked: use, device, user, origin: row, sessionKey } as const;
  return makePrt(tenant, renewed, audited);
}

function checkSignature(use: PrtUse, sessionKey: Uint8Array): void {
  try {
    verifyWithSessionKey(use.jws, sessionKey);
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
  await noteFirstUse(tenant.store, row, iso(now), iso(later(now, REMEMBERED_SECONDS)));
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
