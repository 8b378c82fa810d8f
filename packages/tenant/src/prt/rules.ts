/**
 * Issuing a Primary Refresh Token for a FIDO2 assertion on a registered device ([MS-OAPXBC] 3.2.5.1.2). The
 * checks stand in this order: request, device, nonce, assertion and key, user. The token itself is never
 * stored, only its hash; the session key is, sealed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { PRT_LIFETIME_SECONDS, type PrtAnswer, parseTransportKey, wrapSessionKey } from '@kennel/prt';
import { seal } from '@kennel/secrets';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import { spendNonces } from '../nonce/rules.ts';
import type { DeviceRow, UserRow } from '../store/schema.ts';
import { iso, later, type Tenant, type Visitor } from '../tenant.ts';
import { verifyAssertion } from '../webauthn/assertion.ts';
import { prtAnswer } from './answer.ts';
import { verifyDevice } from './device.ts';
import { insertPrt } from './queries.ts';
import { type PrtForm, type PrtRequest, parsePrtRequest } from './request.ts';
import { ticketFor } from './ticket.ts';

const TOKEN_BYTES = 32;

/** @throws TenantError of every check; a request that cannot be read is not audited, everything after is */
export async function issuePrt(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  form: PrtForm,
): Promise<PrtAnswer> {
  const request = parsePrtRequest(form);
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
      (holder, key) => {
        subject = `user:${holder.id} key:${key.id}`;
      },
    );
    return await issue(tenant, request, device, user, { correlationId, actor, subject });
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
  device: DeviceRow,
  user: UserRow,
  audited: Pick<AuditEvent, 'actor' | 'subject' | 'correlationId'>,
): Promise<PrtAnswer> {
  const now = tenant.now();
  const { sessionKey, jwe } = await wrapSessionKey(parseTransportKey(device.transport_key));
  try {
    const prt = randomBytes(TOKEN_BYTES).toString('base64url');
    const tokenHash = hashOfPrt(prt);
    const row = {
      token_hash: tokenHash,
      user_id: user.id,
      device_id: device.id,
      session_key_sealed: Buffer.from(seal(tenant.master, sessionKeyLabel(tokenHash), sessionKey)).toString(
        'base64url',
      ),
      kdf_version: request.kdfVersion,
      issued_on: iso(now),
      expires_on: iso(later(now, PRT_LIFETIME_SECONDS)),
    };
    if (!(await insertPrt(tenant.store, row, device.certificate_sha256))) {
      throw new TenantError(
        'changed-meanwhile',
        'Your account or this device was changed at this very moment. Sign in again.',
      );
    }
    const events: AuditEvent[] = [{ ...audited, event: 'prt.issued', outcome: 'allowed' }];
    const ticket = request.wantsTicket ? await ticketFor(tenant, user) : undefined;
    if (ticket?.made === true) events.push({ ...audited, event: 'tgt.issued', outcome: 'allowed' });
    if (ticket?.made === false) {
      events.push({ ...audited, event: 'tgt.refused', outcome: 'denied', reason: ticket.code });
    }
    await tenant.audit.record(...events);
    const answer = await prtAnswer(tenant, { request, user, prt, sessionKey, sessionKeyJwe: jwe, ticket });
    if (ticket?.made === true) ticket.tgt.clientKey.fill(0);
    return answer;
  } finally {
    sessionKey.fill(0);
  }
}

/** What a PRT is known by in the store. */
const hashOfPrt = (prt: string): string => createHash('sha256').update(prt).digest('base64url');

/** The seal of a session key is bound to its token. */
const sessionKeyLabel = (tokenHash: string) => ({ purpose: 'session-key', row: tokenHash });
