/** What is noted of a sign-in for whoever looks into it afterwards. */
import { DeviceError } from '../errors/device-error.ts';
import { type Attempt, writeAttempt } from '../state/attempt.ts';

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

interface Course {
  credential: Attempt['credential'];
  status: Attempt['status'];
  user?: string | undefined;
  error: DeviceError | undefined;
  endpoint: string;
  correlationId: string;
  now: Date;
}

export function recordAttempt(stateDir: string, course: Course): void {
  const { error } = course;
  const details = error?.details ?? {};
  const { httpStatus } = details;
  const found = {
    user: course.user,
    credential: course.credential,
    code: error?.code,
    traceId: text(details.traceId),
    // What was kept came with a 200.
    httpStatus: typeof httpStatus === 'number' ? httpStatus : course.status === 'failed' ? undefined : 200,
    serverErrorCode: text(details.serverErrorCode),
    serverErrorText: text(details.serverErrorText),
    dcError: text(details.dcError),
  };
  writeAttempt(stateDir, {
    time: course.now.toISOString(),
    status: course.status,
    correlationId: course.correlationId,
    endpoint: course.endpoint,
    ...Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)),
  });
}

/**
 * Notes a failure that the tenant had a part in. One of the key alone (a wrong PIN) leaves no trace in the state.
 *
 * @returns the error to throw: the one that was given
 */
export function recordFailure(
  stateDir: string,
  by: { error: unknown } & Pick<Course, 'credential' | 'correlationId' | 'now' | 'user'>,
): unknown {
  const { error, ...course } = by;
  if (!(error instanceof DeviceError)) return error;
  const endpoint = text(error.details.endpoint);
  if (endpoint === undefined) return error;
  try {
    recordAttempt(stateDir, { ...course, status: 'failed', error, endpoint });
    return error;
  } catch (unwritten) {
    // The person is told why the sign-in failed; that this could not be noted is for the log.
    return error.with({ notRecorded: String(unwritten) });
  }
}
