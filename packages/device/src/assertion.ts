/** The security key's part: one assertion, for one purpose, in the five-member form that the tenant reads. */
import { type assertionChallenge, encodeBase64Url, type FidoAssertion } from '@kennel/prt';
import { getAssertionJson, type SecurityKey, SecurityKeyError } from '@kennel/security-key';
import { DeviceError } from './errors/device-error.ts';
import { KEY_ERRORS } from './errors/peers.ts';

/**
 * Has the key sign a challenge.
 *
 * @param site the RP ID, and the origin by which the tenant was reached
 * @returns the JSON text of the assertion
 * @throws DeviceError of the key: `pin-invalid`, `pin-auth-blocked`, `pin-blocked`, `no-credentials`, ...
 */
export async function assertion(
  key: SecurityKey,
  pin: string,
  site: { rpId: string; origin: string },
  challenge: ReturnType<typeof assertionChallenge>,
): Promise<string> {
  try {
    const made = await getAssertionJson(key, { ...site, challenge: encodeBase64Url(challenge) }, pin);
    const five: FidoAssertion = { ...made, userHandle: made.userHandle ?? '' };
    return JSON.stringify(five);
  } catch (error) {
    if (!(error instanceof SecurityKeyError)) throw error;
    throw new DeviceError(KEY_ERRORS[error.code] ?? 'key-failed', {
      message: error.message,
      details: { ...error.details, cause: error.code },
      cause: error,
    });
  }
}
