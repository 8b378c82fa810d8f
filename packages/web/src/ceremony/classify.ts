/** What a browser's error means (WebAuthn sections 5.1.3 and 5.1.4), with what the page itself knows of the attempt. */
import type { Ceremony, CeremonyFailure } from './ceremony-error.ts';

export interface Attempt {
  ceremony: Ceremony;
  /** How long it took, and how long it was allowed to take; milliseconds. */
  elapsed: number;
  timeout: number;
}

/** A person cannot have answered a dialog faster than this. */
const REFUSED_AT_ONCE = 700;
/** Browsers end a ceremony a little before or after its time. */
const TOLERANCE = 1_500;

export function classify(error: unknown, { ceremony, elapsed, timeout }: Attempt): CeremonyFailure {
  const { name, message } = error instanceof Error ? error : { name: '', message: '' };
  switch (name) {
    case 'NotAllowedError':
      if (/focus/i.test(message)) return 'not-focused';
      if (elapsed >= timeout - TOLERANCE) return 'timed-out';
      if (elapsed >= REFUSED_AT_ONCE) return 'cancelled';
      return ceremony === 'registration' ? 'no-usable-key' : 'no-matching-key';
    case 'AbortError':
      return 'superseded';
    case 'OperationError': // Chrome: "A request is already pending."
      return 'superseded';
    case 'InvalidStateError':
      return ceremony === 'registration' ? 'already-registered' : 'unknown';
    case 'SecurityError':
      return 'wrong-site';
    case 'ConstraintError':
      return /resident|discoverable/i.test(message) ? 'no-room-for-passkey' : 'no-user-verification';
    case 'NotSupportedError':
      return 'algorithm-unsupported';
    default:
      return 'unknown';
  }
}
