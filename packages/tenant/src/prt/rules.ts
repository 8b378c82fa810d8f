/**
 * A Primary Refresh Token on a registered device ([MS-OAPXBC] 3.2.5.1.2), for a FIDO2 assertion or for the refresh
 * token of a web sign-in with a key. The checks stand in this order: request, device, nonce, proof, user.
 */
import { randomUUID } from 'node:crypto';
import { CLIENT_IDS, type ParsedJws, type PrtAnswer, parseTransportKey, wrapSessionKey } from '@kennel/prt';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { redeemRefreshToken } from '../authorize/codes.ts';
import { TenantError } from '../errors.ts';
import { spendNonces } from '../nonce/rules.ts';
import { type FreshProof, fresh } from '../sessions/rules.ts';
import type { DeviceRow, UserRow } from '../store/schema.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { iso } from '../time.ts';
import { verifyAssertion } from '../webauthn/assertion.ts';
import { verifyDevice } from './device.ts';
import { hashOfPrt, makePrt } from './issue.ts';
import { deleteFamily, prtByHash } from './queries.ts';
import { type PrtForm, type PrtRequest, parsePrtRequest } from './request.ts';

/** @throws TenantError of every check; a request that cannot be read is not audited, everything after is */
export async function issuePrt(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  form: PrtForm,
  jws: ParsedJws,
): Promise<PrtAnswer> {
  const request = parsePrtRequest(form, jws);
  const { proof } = request;
  let actor = 'unknown';
  let known = false;
  let subject = proof.kind === 'assertion' ? `key:${proof.assertion.id}` : 'refresh-token';
  try {
    const device = await verifyDevice(tenant, request, (deviceId) => {
      actor = `device:${deviceId}`;
    });
    known = true; // the device's key has signed
    const holder = await proven(tenant, request, device, correlationId, (userId, keyId) => {
      subject = `user:${userId} key:${keyId}`;
    });
    return await issue(tenant, request, { device, ...holder }, { correlationId, actor, subject });
  } catch (error) {
    if (error instanceof TenantError) {
      const event: AuditEvent = {
        correlationId,
        event: 'prt.refused',
        actor,
        subject,
        outcome: 'denied',
        reason: error.code,
      };
      await (known ? tenant.audit.record(event) : tenant.strangers.refused(source, event));
    }
    throw error;
  }
}

/** Who signed in, with which key, and when. */
interface Holder {
  user: UserRow;
  credentialId: string | null;
  authenticatedOn: string;
  /** Does what the proof permits; see {@link FreshProof}. */
  accept: FreshProof['accept'];
}

async function proven(
  tenant: Tenant,
  { proof, certificate, requestNonce }: PrtRequest,
  device: DeviceRow,
  correlationId: string,
  onHolder: (userId: string, keyId: string) => void,
): Promise<Holder> {
  const ofRequest = { nonce: requestNonce, use: 'prt-request' } as const;
  if (proof.kind === 'refresh-token') {
    await spendNonces(tenant, [ofRequest]);
    const redeemed = await redeemRefreshToken(tenant, proof.token, CLIENT_IDS.authenticationBroker);
    const { user, credentialId, method } = redeemed.proof;
    onHolder(user.id, credentialId ?? 'none');
    if (method === 'fido') {
      const { accept } = fresh(tenant, redeemed.proof);
      return { user, credentialId, authenticatedOn: redeemed.row.proven_on, accept };
    }
    throw new TenantError(
      'security-key-required',
      'A device is signed in with a security key. Register one with your Temporary Access Pass first, then sign in with it.',
    );
  }
  const { assertion, nonce } = proof;
  const given = {
    assertion,
    purpose: { purpose: 'prt', nonce, deviceCertificate: certificate },
    nonces: [ofRequest, { nonce, use: 'prt-assertion' }],
    where: `device:${device.id}`,
  } as const;
  const { user, credential, accept } = await verifyAssertion(
    tenant,
    { correlationId },
    given,
    (holder, { id }) => onHolder(holder.id, id),
  );
  return { user, credentialId: credential.id, authenticatedOn: iso(tenant.now()), accept };
}

async function issue(
  tenant: Tenant,
  request: PrtRequest,
  { device, user, credentialId, authenticatedOn, accept }: Holder & { device: DeviceRow },
  audited: Audited,
): Promise<PrtAnswer> {
  const { sessionKey, jwe } = await wrapSessionKey(parseTransportKey(device.transport_key));
  try {
    const origin = {
      family: randomUUID(),
      credential_id: credentialId,
      authenticated_on: authenticatedOn,
      kdf_version: request.kdfVersion,
    };
    const made = { event: 'prt.issued', asked: request, device, user, origin, sessionKey, accept } as const;
    const answer = await makePrt(tenant, { ...made, sessionKeyJwe: jwe }, audited);
    await retirePrevious(tenant, request.previousPrt, device, user);
    return answer;
  } finally {
    sessionKey.fill(0);
  }
}

/** The token that the device says this one is in place of: its own, of the same user, and no other. */
async function retirePrevious(
  tenant: Tenant,
  prt: string | undefined,
  device: DeviceRow,
  user: UserRow,
): Promise<void> {
  const row = prt === undefined ? undefined : await prtByHash(tenant.store, hashOfPrt(prt));
  if (row?.device_id === device.id && row.user_id === user.id) await deleteFamily(tenant.store, row.family);
}
