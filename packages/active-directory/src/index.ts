/** Public surface of the package. */

export { DS_FLAG, guidBytes, guidText, type NetlogonResponse } from './cldap/netlogon.ts';
export { pingDomainController } from './cldap/ping.ts';
export { listenCldap } from './cldap/responder.ts';
export { controllerOfInvocation, type DomainController, listDomainControllers } from './controllers.ts';
export { ActiveDirectoryError } from './errors.ts';
export {
  configureHybridTenant,
  type HybridConfiguration,
  type HybridTenant,
  readHybridTenant,
  removeHybridTenant,
} from './hybrid/connection-point.ts';
export { type KerberosServerKey, kerberosServerKey, publicationOf } from './kerberos-server/keytab.ts';
export {
  type CreatedServerObjects,
  createServerObjects,
  findServerObjects,
  type ServerObjects,
} from './kerberos-server/objects.ts';
export {
  type BlastRadius,
  blastRadius,
  type EffectiveSet,
  effectiveSet,
} from './kerberos-server/policy/effective.ts';
export { type Explanation, explainUser } from './kerberos-server/policy/explain.ts';
export { readPolicy, type ServerPolicy, writePolicy } from './kerberos-server/policy/lists.ts';
export {
  type ProtectedAccount,
  type ProtectedBecause,
  protectedAccounts,
  protectedMembers,
} from './kerberos-server/policy/protected.ts';
export { type PolicyChange, planAllow, planDeny } from './kerberos-server/policy/relax.ts';
export {
  type ProbeAnswer,
  type ProbeMaker,
  type ProbeOutcome,
  probeController,
} from './kerberos-server/probe.ts';
export { type KrbtgtKey, type KrbtgtKeyRequest, readKrbtgtKey } from './kerberos-server/read-key.ts';
export { removableObjects, removeObjects } from './kerberos-server/remove.ts';
export {
  type Rotation,
  type RotationOptions,
  type RotationStep,
  type RotationTenant,
  rotateKey,
} from './kerberos-server/rotate.ts';
export { type ControllerCheck, type VerifyOptions, verifyControllers } from './kerberos-server/verify.ts';
export { type Account, findAccount, readEntry } from './ldap/search.ts';
export {
  type DcRequirement,
  flagNames,
  type LocatedDc,
  type LocateOptions,
  locateDomainController,
  locatorText,
} from './locator/locate.ts';
export {
  controllerClock,
  keyListSupport,
  type SurveyedController,
  surveyControllers,
} from './locator/survey.ts';
export { ntlmSecurity } from './ntlm/security.ts';
export { kerberosSecurity } from './rpc/kerberos-security.ts';
export type { RpcSecurity } from './rpc/security.ts';
export {
  type ControllerSession,
  type DomainSession,
  type DomainSessionOptions,
  openDomainSession,
  openKeytabSession,
} from './session.ts';
export { runSync, type SyncResult, type SyncRunOptions } from './sync/run.ts';
export { openSource, type SyncSource } from './sync/source.ts';
export type { SyncConfig, SyncObject, SyncProgress, SyncTarget } from './sync/types.ts';
