/** The wire facts of the PRT protocol that tenant and device share. */
export { assertionChallenge, type FidoAssertion, parseAssertion } from './assertion.ts';
export { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';
export { PrtError, type PrtErrorCode } from './errors.ts';
export {
  certificatesOf,
  type ParsedJws,
  parseJws,
  signJws,
  signJwsBy,
  signWithSessionKey,
  verifyJws,
  verifyWithSessionKey,
} from './jws.ts';
export { deriveSessionKeyV1, deriveSessionKeyV2 } from './kdf.ts';
export type {
  OfflineTerms,
  PrtAnswer,
  PrtRequestForm,
  PrtRequestPayload,
  PrtUsePayload,
  TgtMessage,
  TokenError,
} from './messages.ts';
export * from './registry.ts';
export { decryptWithSessionKey, encryptWithSessionKey } from './session-jwe.ts';
export { unwrapSessionKey, unwrapSessionKeyBy, wrapSessionKey } from './session-key.ts';
export { encodeTransportKey, parseTransportKey } from './transport-key.ts';
