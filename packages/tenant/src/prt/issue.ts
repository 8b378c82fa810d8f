/**
 * Making a Primary Refresh Token, by sign-in or renewal: the row, the partial TGT, the lines of the audit. The
 * token itself is never stored, only its hash; the session key is, sealed.
 */
import { randomBytes } from 'node:crypto';
import { PRT_LIFETIME_SECONDS, type PrtAnswer } from '@kennel/prt';
import { open, seal } from '@kennel/secrets';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { noteSeen } from '../devices/queries.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import type { FreshProof } from '../sessions/rules.ts';
import type { DeviceRow, PrtRow, UserRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { type Asked, prtAnswer } from './answer.ts';
import { offlineTerms } from './offline.ts';
import { insertPrt } from './queries.ts';
import { ticketFor } from './ticket.ts';

const TOKEN_BYTES = 32;
/** When a device was seen is written once in this time, so that not every renewal writes it. */
const SEEN_EVERY_SECONDS = 24 * 3600;

export interface NewPrt {
  event: 'prt.issued' | 'prt.renewed';
  asked: Asked;
  device: DeviceRow;
  user: UserRow;
  /** Of the sign-in that it comes of. */
  origin: Pick<PrtRow, 'family' | 'credential_id' | 'authenticated_on' | 'kdf_version'>;
  sessionKey: Uint8Array;
  /** Only where the session key is new. */
  sessionKeyJwe?: string;
  /** Writes the row and the lines of the audit, in one commit with what makes the proof count. */
  accept: FreshProof['accept'];
}

/** @throws TenantError `changed-meanwhile` */
export async function makePrt(tenant: Tenant, given: NewPrt, audited: Audited): Promise<PrtAnswer> {
  const { asked, device, user, origin, sessionKey, accept } = given;
  const now = tenant.now();
  const prt = randomBytes(TOKEN_BYTES).toString('base64url');
  const tokenHash = hashOfPrt(prt);
  const row: PrtRow = {
    ...origin,
    token_hash: tokenHash,
    user_id: user.id,
    device_id: device.id,
    session_key_sealed: Buffer.from(seal(tenant.master, sealLabel(tokenHash), sessionKey)).toString(
      'base64url',
    ),
    issued_on: iso(now),
    expires_on: iso(later(now, PRT_LIFETIME_SECONDS)),
    superseded_on: null,
    used: 0,
  };
  const ticket = asked.wantsTicket ? await ticketFor(tenant, user) : undefined;
  const events: AuditEvent[] = [{ ...audited, event: given.event, outcome: 'allowed' }];
  if (ticket?.made === true) events.push({ ...audited, event: 'tgt.issued', outcome: 'allowed' });
  if (ticket?.made === false) {
    events.push({ ...audited, event: 'tgt.refused', outcome: 'denied', reason: ticket.code });
  }
  await accept(async (store) => {
    if (await insertPrt(store, { row, certificateSha256: device.certificate_sha256 })) {
      if ((device.last_seen_on ?? '') < iso(later(now, -SEEN_EVERY_SECONDS))) {
        await noteSeen(store, { id: device.id, now: iso(now) });
      }
      return { result: undefined, events };
    }
    throw new TenantError(
      'changed-meanwhile',
      'Your account or this device was changed at this very moment. Sign in again.',
    );
  });
  const offline = await offlineTerms(tenant, given);
  const answer = prtAnswer(tenant, { ...given, prt, ticket, offline });
  if (ticket?.made === true) ticket.tgt.clientKey.fill(0);
  return answer;
}

/** What a PRT is known by in the store. */
export const hashOfPrt = (prt: string): string => sha256(prt);

/** The session key of a stored token. */
export function sessionKeyOf(tenant: Tenant, { token_hash, session_key_sealed }: PrtRow): Uint8Array {
  return open(tenant.master, sealLabel(token_hash), Buffer.from(session_key_sealed, 'base64url'));
}

/** The seal of a session key is bound to its token. */
const sealLabel = (tokenHash: string) => ({ purpose: 'session-key', row: tokenHash });
