/** FIDO2 security keys over CTAP2: one interface, hardware keys, a software key for labs, and WebAuthn's JSON around both. */
export { connectSoftwareKey } from './client/ctap2-key.ts';
export { SecurityKeyError, type SecurityKeyErrorCode } from './error.ts';
export type { HardwareKeyDevice } from './hardware/devices.ts';
export { type HardwareKeyOptions, listHardwareKeys, openHardwareKey } from './hardware/hardware-key.ts';
export { SOFTWARE_KEY_AAGUID } from './registry.ts';
export type {
  GetAssertionRequest,
  KeyAssertion,
  KeyInfo,
  MakeCredentialRequest,
  NewCredential,
  ResidentCredential,
  SecurityKey,
} from './security-key.ts';
export type { OnTouch } from './software/connection.ts';
export { type SoftwareKeyOptions, serveSoftwareKey } from './software/serve.ts';
export type { TouchRequest } from './software/session.ts';
export { type ExpectedAssertion, verifyAssertionJson } from './verify-assertion.ts';
export {
  type AssertionJson,
  type AssertionOptions,
  type CreationOptionsJson,
  createCredentialJson,
  getAssertionAndSecret,
  getAssertionJson,
  type MadeAssertion,
  type RegistrationJson,
} from './webauthn-json.ts';
