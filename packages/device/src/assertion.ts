/** The security key's part: one assertion, for one purpose, in the five-member form that the tenant reads. */
import { type assertionChallenge, encodeBase64Url, type FidoAssertion } from '@kennel/prt';
import {
  type AssertionOptions,
  getAssertionAndSecret,
  type MadeAssertion,
  type SecurityKey,
  SecurityKeyError,
} from '@kennel/security-key';
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
  const { assertion: made } = await askKey(key, { ...site, challenge: encodeBase64Url(challenge) }, pin);
  return textOf(made);
}

/** The five members as the tenant reads them. */
export function textOf({ userHandle = '', ...made }: MadeAssertion['assertion']): string {
  const five: FidoAssertion = { ...made, userHandle };
  return JSON.stringify(five);
}

/** An assertion, and for a salt the key's secret. @throws DeviceError of the key, as {@link assertion} */
export async function askKey(
  key: SecurityKey,
  options: AssertionOptions,
  pin: string,
): Promise<MadeAssertion> {
  try {
    return await getAssertionAndSecret(key, options, pin);
  } catch (error) {
    if (!(error instanceof SecurityKeyError)) throw error;
    throw new DeviceError(KEY_ERRORS[error.code] ?? 'key-failed', {
      message: error.message,
      details: { ...error.details, cause: error.code },
      cause: error,
    });
  }
}

/** The signature counter (WebAuthn, section 6.1): four bytes behind the RP ID's hash and the flags. */
export function counterOf({ authenticatorData }: MadeAssertion['assertion']): number {
  const bytes = Buffer.from(authenticatorData, 'base64url');
  return bytes.length < 37 ? 0 : bytes.readUInt32BE(33);
}
