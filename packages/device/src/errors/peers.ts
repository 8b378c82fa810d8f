/**
 * What the errors of the peers are to this device: a tenant's `suberror` and `tgt_ad.error`, a domain controller's
 * KRB-ERROR (RFC 4120 section 7.5.9), a security key's error. The tests hold them against those rooms' registries.
 */
import type { KrbErrorName } from '@kennel/kerberos';
import type { SecurityKeyErrorCode } from '@kennel/security-key';
import type { DeviceErrorCode } from './table.ts';

/** `suberror` of the tenant, as far as a device meets it; whatever else a tenant says is told in its own words. */
export const TENANT_SUBERRORS: Readonly<Record<string, DeviceErrorCode>> = {
  'nonce-unknown': 'nonce-unknown',
  'nonce-expired': 'nonce-expired',
  'nonce-replayed': 'nonce-replayed',
  'assertion-invalid': 'assertion-invalid',
  'assertion-wrong-device': 'assertion-wrong-device',
  'assertion-wrong-purpose': 'assertion-wrong-purpose',
  'key-unknown': 'key-unknown',
  'key-removed': 'key-removed',
  'key-counter-regressed': 'key-counter-regressed',
  'software-key-refused': 'software-key-refused',
  'user-disabled': 'user-disabled',
  'prt-unknown': 'prt-unknown',
  'prt-superseded': 'prt-superseded',
  'prt-reused': 'prt-reused',
  'prt-signature-invalid': 'prt-signature-invalid',
  'changed-meanwhile': 'changed-meanwhile',
  'token-invalid': 'registration-token-refused',
  'join-type-unsupported': 'join-type-unsupported',
  'device-limit-reached': 'device-limit-reached',
  'join-not-allowed': 'join-not-allowed',
  'device-unknown': 'device-unknown',
  'device-not-announced': 'device-not-announced',
  'device-registered': 'device-registered',
  'hybrid-identity-invalid': 'hybrid-identity-refused',
  'device-disabled': 'device-disabled',
  'device-certificate-foreign': 'certificate-foreign',
  'device-certificate-superseded': 'certificate-superseded',
  'device-certificate-expired': 'certificate-expired',
  'device-signature-invalid': 'device-signature-invalid',
  'sid-outside-domain': 'sid-outside-domain',
  'device-not-found': 'device-unknown',
  'attestation-required': 'attestation-required',
  'key-model-not-allowed': 'key-model-not-allowed',
  'key-model-revoked': 'key-model-revoked',
  'certification-too-low': 'certification-too-low',
  'synced-not-allowed': 'synced-not-allowed',
  'device-bound-not-allowed': 'device-bound-not-allowed',
  'transport-not-allowed': 'transport-not-allowed',
  'tgt-no-on-premises-user': 'no-on-premises-account',
  'tgt-no-kerberos-domain': 'no-kerberos-key',
  'tgt-sid-outside-domain': 'sid-outside-domain',
  'tgt-protected-account': 'protected-account',
  'tgt-mint-failed': 'ticket-not-made',
  'tgt-password-expired': 'account-password-over',
  'tgt-password-must-change': 'account-password-over',
  'tgt-not-in-domain-users': 'account-not-in-domain-users',
  'account-deleted': 'account-deleted',
  'account-disabled-on-premises': 'account-disabled-on-premises',
  'account-expired-on-premises': 'account-expired-on-premises',
  'account-locked-on-premises': 'account-locked-on-premises',
};

/** KRB-ERROR of the domain controller; what is not here is `dc-refused`. */
export const DC_ERRORS: Readonly<Partial<Record<KrbErrorName, DeviceErrorCode>>> = {
  NAME_EXP: 'dc-account-expired',
  C_PRINCIPAL_UNKNOWN: 'dc-account-unknown',
  POLICY: 'dc-account-disabled',
  CLIENT_REVOKED: 'dc-account-locked',
  TGT_REVOKED: 'dc-denied',
  KEY_EXPIRED: 'dc-password-must-change',
  BAD_INTEGRITY: 'dc-key-unknown',
  NOT_US: 'dc-key-unknown',
  BADKEYVER: 'dc-key-unknown',
  TKT_EXPIRED: 'dc-clock-skew',
  TKT_NYV: 'dc-clock-skew',
  SKEW: 'dc-clock-skew',
};

/** Errors of the security key; what is not here is `key-failed`. */
export const KEY_ERRORS: Readonly<Partial<Record<SecurityKeyErrorCode, DeviceErrorCode>>> = {
  'key-unreachable': 'key-unreachable',
  'pin-invalid': 'pin-invalid',
  'pin-auth-blocked': 'pin-auth-blocked',
  'pin-blocked': 'pin-blocked',
  'pin-not-set': 'pin-not-set',
  'no-credentials': 'no-credentials',
  'touch-denied': 'touch-denied',
  'touch-timeout': 'touch-timeout',
  'rp-id-mismatch': 'tenant-rp-id-foreign',
  'origin-invalid': 'tenant-url-invalid',
};
