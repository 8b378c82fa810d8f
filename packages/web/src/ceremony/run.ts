/** The two ceremonies at a key. Whatever fails is told to the tenant, whose trace id the error then bears. */
import {
  type AuthenticationResponseJSON,
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { type Ceremony, CeremonyError, type CeremonyFailure } from './ceremony-error.ts';
import { classify } from './classify.ts';

/** What the tenant is told of a failure; it answers with the trace id. */
export interface FailureReport {
  ceremony: Ceremony;
  /** The challenge that the ceremony was for: it proves that the tenant began it. */
  challenge: string;
  kind: CeremonyFailure;
  /** The name of the browser's error, where it has one. */
  clientError?: string;
  elapsedMs: number;
}
export type Report = (failure: FailureReport) => Promise<string | undefined>;

const DEFAULT_TIMEOUT = 60_000;

/** @throws CeremonyError */
export function createCredential(
  options: PublicKeyCredentialCreationOptionsJSON,
  report: Report,
): Promise<RegistrationResponseJSON> {
  return run('registration', options, report, () => startRegistration({ optionsJSON: options }));
}

/** @param autofill offers passkeys in the name's field, without a dialog. @throws CeremonyError */
export function getAssertion(
  options: PublicKeyCredentialRequestOptionsJSON,
  report: Report,
  autofill = false,
): Promise<AuthenticationResponseJSON> {
  return run('assertion', options, report, () =>
    startAuthentication({ optionsJSON: options, useBrowserAutofill: autofill }),
  );
}

/** The five members that the tenant reads, all base64url. */
export function assertionMembers({ id, response }: AuthenticationResponseJSON) {
  const { clientDataJSON, authenticatorData, signature, userHandle = '' } = response;
  return { id, clientDataJSON, authenticatorData, signature, userHandle };
}

async function run<T>(
  ceremony: Ceremony,
  { challenge, timeout = DEFAULT_TIMEOUT }: { challenge: string; timeout?: number },
  report: Report,
  start: () => Promise<T>,
): Promise<T> {
  if (!browserSupportsWebAuthn()) throw new CeremonyError('browser-unsupported', ceremony);
  const began = performance.now();
  try {
    return await start();
  } catch (thrown) {
    // The library wraps what the browser threw; the browser's own error says more.
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    const elapsed = performance.now() - began;
    const failure = new CeremonyError(classify(cause, { ceremony, elapsed, timeout }), ceremony, cause);
    failure.traceId = await report({
      ceremony,
      challenge,
      kind: failure.kind,
      ...(cause instanceof Error && { clientError: cause.name.slice(0, 64) }),
      elapsedMs: Math.round(elapsed),
    }).catch(() => undefined); // the person is told all the same
    throw failure;
  }
}
