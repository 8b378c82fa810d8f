/**
 * A Primary Refresh Token for a FIDO2 assertion on a registered device ([MS-OAPXBC] 3.2.5.1.2). The checks stand
 * in this order: request, device, nonce, assertion and key, user.
 */
import { randomUUID } from 'node:crypto';
import { type ParsedJws, type PrtAnswer, parseTransportKey, wrapSessionKey } from '@kennel/prt';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { spendNonces } from '../nonce/rules.ts';
import type { CredentialRow, DeviceRow, UserRow } from '../store/schema.ts';
import { iso, type Tenant, type Visitor } from '../tenant.ts';
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
  let key: CredentialRow | undefined;
  let actor = 'unknown';
  let known = false;
  let subject = `key:${request.assertion.id}`;
  try {
    const device = await verifyDevice(tenant, request, (deviceId) => {
      actor = `device:${deviceId}`;
    });
    known = true; // the device's key has signed
    await spendNonces(tenant, [
      { nonce: request.requestNonce, use: 'prt-request' },
      { nonce: request.assertionNonce, use: 'prt-assertion' },
    ]);
    const purpose = {
      purpose: 'prt',
      nonce: request.assertionNonce,
      deviceCertificate: request.certificate,
    } as const;
    const user = await verifyAssertion(
      tenant,
      { correlationId },
      request.assertion,
      purpose,
      (holder, credential) => {
        key = credential;
        subject = `user:${holder.id} key:${credential.id}`;
      },
      { where: `device:${device.id}` },
    );
    return await issue(tenant, request, { device, user, key }, { correlationId, actor, subject });
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

async function issue(
  tenant: Tenant,
  request: PrtRequest,
  { device, user, key }: { device: DeviceRow; user: UserRow; key: CredentialRow | undefined },
  audited: Audited,
): Promise<PrtAnswer> {
  const { sessionKey, jwe } = await wrapSessionKey(parseTransportKey(device.transport_key));
  try {
    const origin = {
      family: randomUUID(),
      credential_id: key?.id ?? null,
      authenticated_on: iso(tenant.now()),
      kdf_version: request.kdfVersion,
    };
    const made = { event: 'prt.issued', asked: request, device, user, origin, sessionKey } as const;
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
