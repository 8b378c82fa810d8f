/**
 * What a sign-in or a renewal brought, kept: the record with its secrets sealed first, then the full TGT for the
 * partial one. Whatever a domain controller says, the Primary Refresh Token stays.
 */
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { findCache } from '../offline/cache.ts';
import { type KeyPart, keepOffline, refreshOffline } from '../offline/keep.ts';
import { type OfflineState, offlineState } from '../offline/state.ts';
import { bootKey } from '../state/boot-key.ts';
import { rememberKdc } from '../state/device.ts';
import type { Owner } from '../state/files.ts';
import { sealed } from '../state/seal.ts';
import { findUser, type UserRecord, userLabel, writeUser } from '../state/user.ts';
import { sealPartialTgt } from '../tickets/partial-tgt.ts';
import { type Redeemed, redeem } from '../tickets/redeem.ts';
import { type TicketState, ticketState } from '../tickets/state.ts';
import type { OpenedAnswer } from './answer.ts';
import type { Course } from './course.ts';
import { recordAttempt } from './diagnostics.ts';

export interface SignInResult {
  user: { upn: string; name: string; objectId: string };
  /** When the Primary Refresh Token ends, by the tenant's clock. */
  prtExpiresOn: Date;
  ticket: TicketState;
  /** Whether the next sign-in will do without the tenant. */
  offline: OfflineState;
}

/**
 * @param by where the tickets go, the domain controller that was named, and what the security key took part with; a
 *   renewal goes without it
 */
export async function keepAnswer(
  opened: OpenedAnswer,
  by: Course & {
    ccache: string;
    ccacheOwner: Owner | undefined;
    kdc: KdcAddress | undefined;
    keyPart: KeyPart | undefined;
  },
): Promise<SignInResult> {
  const { stateDir, device, tenant, step, now } = by;
  const { user, partialTgt } = opened;
  const record = recordOf(opened, by);
  opened.sessionKey.fill(0);
  writeUser(stateDir, record);

  let redeemed: Redeemed = { record };
  if (partialTgt instanceof DeviceError) redeemed.error = partialTgt;
  else {
    const { client } = partialTgt.credentials;
    const name = `${client.name.nameString.join('/')}@${client.realm}`;
    await step(
      'partial-tgt',
      () => undefined,
      () => `Under the session key lay a partial TGT for ${name}.`,
    );
    const kdcs = rememberKdc(stateDir, client.realm, by.kdc);
    redeemed = await redeem(record, partialTgt, { kdcs, now, step, primary: by.credential === 'fido' });
    partialTgt.message.clientKey.fill(0);
    writeUser(stateDir, redeemed.record);
  }
  recordAttempt(stateDir, {
    status: redeemed.error === undefined ? 'succeeded' : 'no-ticket',
    user: user.upn,
    credential: by.credential,
    error: redeemed.error,
    endpoint: device.tenant.tokenEndpoint,
    correlationId: tenant.correlationId,
    now: now(),
  });
  const { offline: terms } = opened;
  if (by.keyPart === undefined) refreshOffline(by, user.upn, { terms });
  else keepOffline(by, user.upn, terms, by.keyPart);
  return {
    user,
    prtExpiresOn: opened.expiresOn,
    ticket: ticketState(redeemed.record),
    offline: offlineState(findUser(stateDir, user.upn), findCache(stateDir, user.upn), now()),
  };
}

function recordOf(
  opened: OpenedAnswer,
  by: Course & { ccache: string; ccacheOwner: Owner | undefined },
): UserRecord {
  const { stateDir, device, ccache } = by;
  const boot = bootKey(stateDir, device.device.id);
  const { user, partialTgt } = opened;
  const { ticket: before, offline, offlineRefusal } = findUser(stateDir, user.upn) ?? {};
  return {
    user,
    prt: {
      token: sealed(boot, userLabel(user.upn, 'prt'), Buffer.from(opened.prt)),
      sessionKey: sealed(boot, userLabel(user.upn, 'session-key'), opened.sessionKey),
      issuedOn: opened.issuedOn.toISOString(),
      expiresOn: opened.expiresOn.toISOString(),
      authority: `${device.tenant.url}/${device.tenant.id}`,
    },
    tenantTimeOffset: opened.issuedOn.getTime() - by.now().getTime(),
    ccache,
    ...(by.ccacheOwner && { ccacheOwner: by.ccacheOwner }),
    ...(opened.topLevelNames !== undefined && { topLevelNames: opened.topLevelNames }),
    ...(before !== undefined && { ticket: before }), // good until it ends, whatever comes of this
    ...(offline && { offline: { key: offline.key } }), // asked by now, if it was unlocked without the tenant
    ...(offlineRefusal && { offlineRefusal }),
    ...(partialTgt instanceof DeviceError
      ? { refusal: { code: partialTgt.code, message: partialTgt.message } }
      : { partialTgt: sealPartialTgt(boot, user.upn, partialTgt) }),
  };
}
