/**
 * Signing in: a nonce, an assertion of the security key that is bound to this device, a Primary Refresh Token with
 * a partial TGT, and at a domain controller the full TGT for it. What was stored before stays until the tenant's
 * answer has been opened as a whole.
 */

import type { KdcAddress } from '@kennel/kerberos';
import { assertionChallenge } from '@kennel/prt';
import type { SecurityKey } from '@kennel/security-key';
import { assertion } from '../assertion.ts';
import { DeviceError } from '../errors/device-error.ts';
import { readAttempt } from '../state/attempt.ts';
import { certificateOf, openDeviceKey, readDevice, rememberKdc } from '../state/device.ts';
import { machineKey, sealed } from '../state/seal.ts';
import { findUser, listUsers, type UserRecord, userLabel, writeUser } from '../state/user.ts';
import { type OnStep, type Stepper, stepper } from '../step.ts';
import { type TenantClient, tenantClient } from '../tenant/client.ts';
import { ccachePath, defaultCcache } from '../tickets/ccache.ts';
import { sealPartialTgt } from '../tickets/partial-tgt.ts';
import { type Redeemed, redeem } from '../tickets/redeem.ts';
import { type TicketState, ticketState } from '../tickets/state.ts';
import { type OpenedAnswer, openAnswer } from './answer.ts';
import { recordAttempt, recordFailure } from './diagnostics.ts';
import { prtRequest } from './request.ts';

export interface SignInOptions {
  stateDir: string;
  key: SecurityKey;
  pin: string;
  /** The domain controller to ask; remembered for its realm. Else as remembered, else as DNS knows. */
  kdc?: KdcAddress;
  /** `FILE:/path` or a path; else KRB5CCNAME, else where Kerberos programs look by default. */
  ccache?: string;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

export interface SignInResult {
  user: { upn: string; name: string; objectId: string };
  /** When the Primary Refresh Token ends, by the tenant's clock. */
  prtExpiresOn: Date;
  ticket: TicketState;
}

/**
 * Signs a user in with the security key that was put in.
 *
 * @throws DeviceError where there is no PRT; that there is a PRT and no ticket is no error but a result
 */
export async function signIn(options: SignInOptions): Promise<SignInResult> {
  const { stateDir, now = () => new Date() } = options;
  const device = readDevice(stateDir);
  listUsers(stateDir); // what cannot be read will not be replaced: better known before the key is touched
  readAttempt(stateDir);
  const machine = machineKey(stateDir);
  const ccache = options.ccache === undefined ? defaultCcache() : ccachePath(options.ccache);
  const tenant = tenantClient(device.tenant.caFile);
  const step = stepper(options.onStep);

  const opened = await requestPrt(options, { device, machine, tenant, step }).catch((error: unknown) => {
    throw recordFailure(stateDir, { error, correlationId: tenant.correlationId, now: now() });
  });
  const { user, sessionKey, partialTgt } = opened;
  const none = partialTgt instanceof DeviceError;
  const before = findUser(stateDir, user.upn)?.ticket;
  const record: UserRecord = {
    user,
    prt: {
      token: sealed(machine, userLabel(user.upn, 'prt'), Buffer.from(opened.prt)),
      sessionKey: sealed(machine, userLabel(user.upn, 'session-key'), sessionKey),
      issuedOn: opened.issuedOn.toISOString(),
      expiresOn: opened.expiresOn.toISOString(),
      authority: `${device.tenant.url}/${device.tenant.id}`,
    },
    tenantTimeOffset: opened.issuedOn.getTime() - now().getTime(),
    ccache,
    ...(opened.topLevelNames !== undefined && { topLevelNames: opened.topLevelNames }),
    ...(before !== undefined && { ticket: before }), // good until it ends, whatever comes of this sign-in
    ...(none
      ? { refusal: { code: partialTgt.code, message: partialTgt.message } }
      : { partialTgt: sealPartialTgt(machine, user.upn, partialTgt) }),
  };
  sessionKey.fill(0);
  writeUser(stateDir, record);

  let redeemed: Redeemed = { record };
  if (none) redeemed.error = partialTgt;
  else {
    const kdcs = rememberKdc(stateDir, partialTgt.credentials.client.realm, options.kdc);
    redeemed = await redeem(record, partialTgt, { kdcs, now, step });
    partialTgt.message.clientKey.fill(0);
    writeUser(stateDir, redeemed.record);
  }
  recordAttempt(stateDir, {
    status: redeemed.error === undefined ? 'succeeded' : 'no-ticket',
    user: user.upn,
    error: redeemed.error,
    endpoint: device.tenant.tokenEndpoint,
    correlationId: tenant.correlationId,
    now: now(),
  });
  return { user, prtExpiresOn: opened.expiresOn, ticket: ticketState(redeemed.record) };
}

async function requestPrt(
  { key, pin }: SignInOptions,
  by: {
    device: ReturnType<typeof readDevice>;
    machine: ReturnType<typeof machineKey>;
    tenant: TenantClient;
    step: Stepper;
  },
): Promise<OpenedAnswer> {
  const { device, machine, tenant, step } = by;
  const { url, rpId, tokenEndpoint, id: tenantId } = device.tenant;
  const certificate = certificateOf(device);
  const deviceKey = openDeviceKey(machine, device, 'device');
  const nonce = await step(
    'nonce',
    () => tenant.nonce(tokenEndpoint),
    () => 'The tenant gave a nonce.',
  );
  const made = await step(
    'assertion',
    () =>
      assertion(
        key,
        pin,
        { rpId, origin: url },
        assertionChallenge({ purpose: 'prt', nonce, deviceCertificate: certificate }),
      ),
    () => 'The security key signed it, for this device and no other.',
  );
  const opened = await step(
    'prt',
    async () => {
      const answer = await tenant.prt(
        tokenEndpoint,
        prtRequest({ nonce, assertion: made, certificate, deviceKey }),
      );
      const transportKey = openDeviceKey(machine, device, 'transport');
      return openAnswer(answer, transportKey, { endpoint: tokenEndpoint, tenantId });
    },
    ({ user }) =>
      `The tenant knows ${user.upn} by the key, and gave a Primary Refresh Token with a session key.`,
  );
  const { partialTgt } = opened;
  if (!(partialTgt instanceof DeviceError)) {
    const { client } = partialTgt.credentials;
    await step(
      'partial-tgt',
      () => undefined,
      () =>
        `Under the session key lay a partial TGT for ${client.name.nameString.join('/')}@${client.realm}.`,
    );
  }
  return opened;
}
