/**
 * Signing in: a nonce, an assertion of the security key that is bound to this device, a Primary Refresh Token with
 * a partial TGT, and at a domain controller the full TGT for it. What was stored before stays until the tenant's
 * answer has been opened as a whole.
 */

import { randomBytes } from 'node:crypto';
import type { KdcAddress } from '@kennel/kerberos';
import { assertionChallenge, encodeBase64Url } from '@kennel/prt';
import type { SecurityKey } from '@kennel/security-key';
import { askKey, counterOf, textOf } from '../assertion.ts';
import { DeviceError } from '../errors/device-error.ts';
import { listCaches } from '../offline/cache.ts';
import type { KeyPart } from '../offline/keep.ts';
import { stopOffline } from '../offline/stop.ts';
import { readAttempt } from '../state/attempt.ts';
import { certificateOf, keysOf } from '../state/device.ts';
import type { Owner } from '../state/files.ts';
import { isMeant, listUsers } from '../state/user.ts';
import type { OnStep } from '../step.ts';
import { ccachePlace, defaultCcache, principalOf } from '../tickets/ccache.ts';
import { type OpenedAnswer, openAnswer, underTransportKey } from './answer.ts';
import { beginCourse, type Course } from './course.ts';
import { recordFailure } from './diagnostics.ts';
import { keepAnswer, type SignInResult } from './keep.ts';
import { prtRequest } from './request.ts';

export interface SignInOptions {
  stateDir: string;
  key: SecurityKey;
  pin: string;
  /** Who is meant; a key of somebody else is refused, and nothing is kept. Else whoever the key belongs to. */
  user?: string;
  /**
   * The account of the domain that is meant (`alice@corp.example.com`, by its short name): the ticket's, or where there
   * is none, the user's name. Somebody else is refused likewise.
   */
  account?: string;
  /** The domain controller to ask; remembered for its realm. Else as remembered, else as DNS knows. */
  kdc?: KdcAddress;
  /** `FILE:/path` or a path; else KRB5CCNAME, else where Kerberos programs look by default. */
  ccache?: string;
  /** Whose that file is to be, where it is not this program's user's. */
  ccacheOwner?: Owner;
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
  const course = beginCourse(options, 'fido');
  const { stateDir, now } = course;
  listUsers(stateDir); // what cannot be read will not be replaced: better known before the key is touched
  listCaches(stateDir);
  readAttempt(stateDir);
  const ccache = options.ccache === undefined ? defaultCcache() : ccachePlace(options.ccache);
  const part: { key?: KeyPart } = {};
  const opened = await requestPrt(options, course, part).catch((error: unknown) => {
    part.key?.secret?.fill(0);
    stopOffline(stateDir, error, { credentialId: part.key?.credentialId });
    const { correlationId } = course.tenant;
    throw recordFailure(stateDir, { error, credential: course.credential, correlationId, now: now() });
  });
  const { user, partialTgt } = opened;
  const client = partialTgt instanceof DeviceError ? undefined : partialTgt.credentials.client;
  const principal = client && principalOf({ principal: client });
  if (!isMeant(options, { upn: user.upn, principal })) {
    part.key?.secret?.fill(0);
    throw new DeviceError('key-of-another-user', { about: user.upn });
  }
  const { ccacheOwner, kdc } = options;
  return keepAnswer(opened, { ...course, ccache, ccacheOwner, kdc, keyPart: part.key });
}

async function requestPrt(
  { key, pin }: SignInOptions,
  { stateDir, device, tenant, step }: Course,
  part: { key?: KeyPart },
): Promise<OpenedAnswer> {
  const { url, rpId, tokenEndpoint, id: tenantId } = device.tenant;
  const certificate = certificateOf(device);
  const keys = keysOf(stateDir, device);
  const nonce = await step(
    'nonce',
    () => tenant.nonce(tokenEndpoint),
    () => 'The tenant gave a nonce.',
  );
  const salt = randomBytes(32);
  const challenge = assertionChallenge({ purpose: 'prt', nonce, deviceCertificate: certificate });
  const asked = { rpId, origin: url, challenge: encodeBase64Url(challenge), secretSalt: salt };
  const { assertion, secret } = await step(
    'assertion',
    () => askKey(key, asked, pin),
    () => 'The security key signed it, for this device and no other.',
  );
  part.key = { credentialId: assertion.id, salt, secret, counter: counterOf(assertion) };
  return step(
    'prt',
    async () => {
      const answer = await tenant.prt(
        tokenEndpoint,
        await prtRequest({ nonce, assertion: textOf(assertion), certificate, deviceKey: keys.device }),
      );
      return openAnswer(answer, underTransportKey(keys.transport), { endpoint: tokenEndpoint, tenantId });
    },
    ({ user }) =>
      `The tenant knows ${user.upn} by the key, and gave a Primary Refresh Token with a session key.`,
  );
}
