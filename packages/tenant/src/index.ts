/** The tenant: make one, serve one, and administer one that runs. */
export { type AdminClient, adminClient } from './admin/client.ts';
export type { TenantStatus } from './admin/routes.ts';
export type { AuditLine } from './audit/routes.ts';
export type { AuditCheck } from './audit/rules.ts';
export { CEREMONY_EVENTS, type CeremonyEvent } from './ceremonies/schema.ts';
export type { InitOptions, TenantConfig } from './config/schema.ts';
export { changeDeviceCa, type DeviceCa, listDeviceCas } from './devices/ca.ts';
export type { Device, DevicePolicy, DevicePolicyChanges } from './devices/schema.ts';
export { TenantError, type TenantErrorCode } from './errors.ts';
export type { Group, NewGroup } from './groups/schema.ts';
export { type InitialisedTenant, initTenant } from './init.ts';
export type { KerberosDomain, NewKerberosDomain, ProbeResult } from './kerberos-domains/schema.ts';
export type { CertificationLevel, KeyModelInfo, MetadataStatus } from './metadata/schema.ts';
export type { NewPass, Pass, PassPolicy, PassPolicyChanges } from './passes/schema.ts';
export type {
  AcceptedModels,
  Fido2Configuration,
  Fido2ConfigurationChanges,
  KeyPolicy,
  KeyPolicyChanges,
  KeyPolicyRules,
} from './policy/schema.ts';
export type { ModelCount, UnusedKey } from './reports/schema.ts';
export { type RunningTenant, type ServeOptions, serveTenant } from './serve.ts';
export type { OnPremisesAccount } from './sync/account.ts';
export type { AllowedAccount, SyncDomain, SyncRun, SyncSettingsChanges } from './sync/schema.ts';
export type { NewUser, User, UserChanges } from './users/schema.ts';
export type { KeyRegistration, SecurityKeyInfo } from './webauthn/schema.ts';
