/**
 * Signing in: a nonce, an assertion of the security key that is bound to this device, a Primary Refresh Token with
 * a partial TGT, and at a domain controller the full TGT for it. What was stored before stays until the tenant's
 * answer has been opened as a whole.
 */

import type { KdcAddress } from '@kennel/kerberos';
import { assertionChallenge } from '@kennel/prt';
import type { SecurityKey } from '@kennel/security-key';
import { assertion } from '../assertion.ts';
import { readAttempt } from '../state/attempt.ts';
import { certificateOf, keysOf, readDevice } from '../state/device.ts';
import { machineKey } from '../state/seal.ts';
import { listUsers } from '../state/user.ts';
import { type OnStep, stepper } from '../step.ts';
import { tenantClient } from '../tenant/client.ts';
import { ccachePath, defaultCcache } from '../tickets/ccache.ts';
import { type OpenedAnswer, openAnswer, underTransportKey } from './answer.ts';
import { recordFailure } from './diagnostics.ts';
import { type Course, keepAnswer, type SignInResult } from './keep.ts';
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
  const ccache = options.ccache === undefined ? defaultCcache() : ccachePath(options.ccache);
  const course: Course = {
    stateDir,
    device,
    tenant: tenantClient(device.tenant.caFile),
    step: stepper(options.onStep),
    now,
  };
  const opened = await requestPrt(options, course).catch((error: unknown) => {
    throw recordFailure(stateDir, { error, correlationId: course.tenant.correlationId, now: now() });
  });
  return keepAnswer(opened, { ...course, ccache, kdc: options.kdc });
}

async function requestPrt(
  { key, pin }: SignInOptions,
  { stateDir, device, tenant, step }: Course,
): Promise<OpenedAnswer> {
  const { url, rpId, tokenEndpoint, id: tenantId } = device.tenant;
  const machine = machineKey(stateDir);
  const certificate = certificateOf(device);
  const keys = keysOf(machine, device);
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
  return step(
    'prt',
    async () => {
      const answer = await tenant.prt(
        tokenEndpoint,
        await prtRequest({ nonce, assertion: made, certificate, deviceKey: keys.device }),
      );
      return openAnswer(answer, underTransportKey(keys.transport), { endpoint: tokenEndpoint, tenantId });
    },
    ({ user }) =>
      `The tenant knows ${user.upn} by the key, and gave a Primary Refresh Token with a session key.`,
  );
}
