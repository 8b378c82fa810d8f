/**
 * The fixed names and numbers of device registration and of the PRT protocol ([MS-OAPXBC] 2.2 and 3.1.5,
 * [MS-DVRJ] 2.2), once, for tenant and device.
 */

/** The client ids under which brokers ask for a Primary Refresh Token. */
export const CLIENT_IDS = {
  /** The broker of the operating system. */
  broker: '38aa3b87-a06d-4817-b275-7a316988d93b',
  /** The authentication broker that open clients continue with after a web sign-in. */
  authenticationBroker: '29d9ed98-a469-4536-ade2-f981bc1d605e',
} as const;

/** The audience of a token that may register a device. */
export const DRS_RESOURCE = 'urn:ms-drs:enterpriseregistration.windows.net';

/** The values of `grant_type`, of the form and inside the request. */
export const GRANT_TYPES = {
  nonce: 'srv_challenge',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  refreshToken: 'refresh_token',
  authorizationCode: 'authorization_code',
  /** A FIDO2 assertion for a token that may register a device. Kennel's own. */
  fido2: 'urn:kennel:params:oauth:grant-type:fido2',
} as const;

/** The scopes that ask for a PRT: both must be there. */
export const PRT_SCOPES = ['openid', 'aza'] as const;

/** The common name that a device's certificate request bears. */
export const DEVICE_CSR_COMMON_NAME = '7E980AD9-B86D-4306-9425-9AC066FB014A';

/** How a device belongs to the tenant ([MS-DVRJ] JoinType). */
export const JOIN_TYPES = { join: 0, register: 4, hybridJoin: 6, sharedJoin: 8 } as const;

/** The extensions of a device certificate. */
export const DEVICE_CERTIFICATE_OIDS = {
  deviceId: '1.2.840.113556.1.5.284.2',
  userId: '1.2.840.113556.1.5.284.3',
  tenantId: '1.2.840.113556.1.5.284.5',
  joinType: '1.2.840.113556.1.5.284.7',
  region: '1.2.840.113556.1.5.284.8',
} as const;

/** Bytes of the keys and contexts of section 4 of the protocol's description. */
export const SESSION_KEY_BYTES = 32;
export const CONTEXT_BYTES = 24;

/** What a message may measure at most, in characters. */
export const LIMITS = { jws: 65_536, jwe: 262_144, assertion: 16_384, transportKey: 4_096 } as const;

/** A PRT lives 14 days less a second; a device renews it every four hours (seconds). */
export const PRT_LIFETIME_SECONDS = 1_209_599;
export const PRT_RENEWAL_SECONDS = 4 * 3600;
