/**
 * The steps of a registration or a sign-in with a security key, numbered as Windows numbers them (log
 * Microsoft-Windows-WebAuthN/Operational), so that administrators find what they know.
 */

export const CEREMONY_EVENTS = {
  REGISTRATION_STARTED: 1000,
  REGISTRATION_COMPLETED: 1001,
  REGISTRATION_FAILED: 1002,
  ASSERTION_STARTED: 1003,
  ASSERTION_COMPLETED: 1004,
  ASSERTION_FAILED: 1005,
  CTAP_STARTED: 2100,
  CTAP_COMPLETED: 2102,
  CTAP_FAILED: 2103,
  DEVICE_INFO: 2104,
} as const;
export type CeremonyEventId = (typeof CEREMONY_EVENTS)[keyof typeof CEREMONY_EVENTS];

const STEPS: Readonly<Record<number, string>> = {
  1000: 'registration started',
  1001: 'registration completed',
  1002: 'registration failed',
  1003: 'sign-in started',
  1004: 'sign-in completed',
  1005: 'sign-in failed',
  2100: 'command to the key started',
  2102: 'command to the key completed',
  2103: 'command to the key failed',
  2104: 'what the key says of itself',
};
export const stepOf = (event: number): string => STEPS[event] ?? String(event);
