/**
 * Renewing the Primary Refresh Token, with fresh tickets and without the security key: a request under the session
 * key ([MS-OAPXBC] 3.1.5.1.3). What was stored before stays until the answer has been opened as a whole.
 */
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { stopOffline } from '../offline/stop.ts';
import { liveSecrets } from '../state/boot-key.ts';
import { pickUser, type UserRecord, userLabel } from '../state/user.ts';
import type { OnStep } from '../step.ts';
import { openAnswer, unchanged } from './answer.ts';
import { beginCourse, type Course } from './course.ts';
import { recordFailure } from './diagnostics.ts';
import { keepAnswer, type SignInResult } from './keep.ts';
import { renewalRequest } from './request.ts';

export interface RenewOptions {
  stateDir: string;
  /** Name of the user; the last one to sign in unless given. */
  user?: string;
  kdc?: KdcAddress;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

/**
 * Renews a user's token and tickets.
 *
 * @throws DeviceError `not-joined`, `not-signed-in`, `prt-unknown` (sign in again), `user-disabled`, ..., and those
 *   of the way to the tenant; that there is no ticket is no error but a result
 */
export async function renewPrt(options: RenewOptions): Promise<SignInResult> {
  const course = beginCourse(options, 'prt');
  const { stateDir, now } = course;
  const record = pickUser(stateDir, options.user);
  const answer = await renew(course, record).catch((error: unknown) => {
    stopOffline(stateDir, error, { upn: record.user.upn });
    const { correlationId } = course.tenant;
    const about = { user: record.user.upn, credential: course.credential, correlationId, now: now() };
    throw recordFailure(stateDir, { error, ...about });
  });
  const { ccache, ccacheOwner } = record;
  return keepAnswer(answer, { ...course, ccache, ccacheOwner, kdc: options.kdc, keyPart: undefined });
}

async function renew({ stateDir, device, tenant, step }: Course, record: UserRecord) {
  const { tokenEndpoint, id: tenantId } = device.tenant;
  const { upn } = record.user;
  const live = liveSecrets(stateDir, device.device.id);
  const secret = (purpose: 'prt' | 'session-key', text: string) => live(userLabel(upn, purpose), text);
  const sessionKey = secret('session-key', record.prt.sessionKey);
  const prt = secret('prt', record.prt.token).toString('utf8');
  const nonce = await step(
    'nonce',
    () => tenant.nonce(tokenEndpoint),
    () => 'The tenant gave a nonce.',
  );
  return step(
    'prt',
    async () => {
      const answer = await tenant.renewPrt(
        tokenEndpoint,
        renewalRequest({ nonce, prt, sessionKey }),
        sessionKey,
      );
      const opened = await openAnswer(answer, unchanged(sessionKey), { endpoint: tokenEndpoint, tenantId });
      if (opened.user.objectId !== record.user.objectId) {
        throw new DeviceError('tenant-answer-malformed', { about: 'it is for another user' });
      }
      return opened;
    },
    () => 'The tenant renewed the Primary Refresh Token; the session key is kept.',
  );
}
