/** A security key under the policy of its user: at registration, at every sign-in, and the list of accepted models. */
import type { X509Certificate } from 'node:crypto';
import { TenantError } from '../errors.ts';
import { toModelInfo } from '../metadata/models.ts';
import type { CredentialRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import type { Attestation } from '../webauthn/attestation.ts';
import { attestationOfCredential } from '../webauthn/credential-attestation.ts';
import { credentialsOfUser } from '../webauthn/queries.ts';
import { keyPolicyOf } from './effective.ts';
import { type KeyFacts, refusalOf, requiresAttestation } from './evaluate.ts';
import { readPolicies } from './queries.ts';
import type { AcceptedModels, KeyPolicy } from './schema.ts';

/**
 * Refuses a key that the policy of its user does not accept today.
 *
 * @param attestation of a key that is being registered; of others it is what was recorded, against today's metadata
 * @throws TenantError `key-model-revoked`, `synced-not-allowed`, `device-bound-not-allowed`,
 *   `transport-not-allowed`, `attestation-required`, `key-model-not-allowed`, `certification-too-low`
 */
export async function checkKeyPolicy(
  tenant: Tenant,
  key: CredentialRow,
  attestation: Attestation = attestationOfCredential(tenant.metadata, key),
): Promise<void> {
  checkKey(tenant, await keyPolicyOf(tenant, key.user_id), key, attestation);
}

/** The same under a policy that was read already. Throws as {@link checkKeyPolicy}. */
export function checkKey(
  tenant: Tenant,
  policy: KeyPolicy,
  key: CredentialRow,
  attestation: Attestation = attestationOfCredential(tenant.metadata, key),
): void {
  const refusal = refusalToday(tenant, policy, key, attestation);
  if (refusal !== undefined) throw refusal;
}

/** Why a policy does not accept a key today; undefined where it does. */
export function refusalToday(
  tenant: Tenant,
  policy: KeyPolicy,
  key: CredentialRow,
  attestation: Attestation = attestationOfCredential(tenant.metadata, key),
): TenantError | undefined {
  return refusalOf(policy, factsOf(tenant, key, attestation));
}

/**
 * Refuses people who register a key themselves where they may not; administrators register for them.
 *
 * @throws TenantError `self-service-off`
 */
export async function checkSelfService(
  tenant: Pick<Tenant, 'store'>,
  { actor }: Pick<Caller, 'actor'>,
  userId: string,
): Promise<void> {
  if (actor !== `user:${userId}` || (await keyPolicyOf(tenant, userId)).selfService) return;
  throw new TenantError(
    'self-service-off',
    'In your organization, security keys are registered by an administrator. Ask yours for one.',
  );
}

/**
 * Refuses a change of policy that leaves the person who makes it no key to sign in with; programs and the admin socket have
 * none.
 *
 * @param tenant with the transaction of the change as its store
 * @throws TenantError `policy-locks-you-out`
 */
export async function checkOwnWayIn(tenant: Tenant, { actor }: Pick<Caller, 'actor'>): Promise<void> {
  const [, userId] = /^user:(.+)$/.exec(actor) ?? [];
  if (userId === undefined) return;
  const policy = await keyPolicyOf(tenant, userId, await readPolicies(tenant.store));
  const keys = await credentialsOfUser(tenant.store, userId);
  if (keys.some((key) => refusalToday(tenant, policy, key) === undefined)) return;
  throw new TenantError(
    'policy-locks-you-out',
    'Under this policy none of your own keys would be accepted, so nothing was changed. Register a key first that it accepts, or change it with `kennel policy` on the host of the tenant.',
  );
}

/** The models that a policy accepts, out of those that the metadata knows. */
export function acceptedModels(tenant: Tenant, policy: KeyPolicy): AcceptedModels {
  const at = tenant.now();
  const { isEnforced, enforcementType, aaGuids } = policy.keyRestrictions;
  const accepted = Array.from(tenant.metadata.models).filter((model) => {
    // Whether keys of a model are synced the metadata does not say, and not always how they connect.
    const transports = model.transports ?? policy.transports ?? [];
    const facts = { ...modelFacts(tenant, model.aaGuid, undefined), attested: true as const, transports };
    return policy.passkeyTypes.some(
      (type) => refusalOf(policy, { ...facts, synced: type === 'synced' }) === undefined,
    );
  });
  return {
    policy,
    attestationRequired: requiresAttestation(policy),
    models: accepted.map((model) => toModelInfo(model, at)).sort((a, b) => a.name.localeCompare(b.name)),
    unknown:
      isEnforced && enforcementType === 'allow'
        ? aaGuids.filter((aaGuid) => tenant.metadata.model(aaGuid) === undefined)
        : [],
  };
}

function factsOf(tenant: Tenant, key: CredentialRow, attestation: Attestation): KeyFacts {
  const attested = attestation.level === 'attested';
  return {
    ...modelFacts(tenant, key.aaguid, attested ? attestation.path : undefined),
    attested: attested || attestation.reason,
    synced: key.backup_eligible === 1,
    transports: JSON.parse(key.transports) as string[], // written at registration
  };
}

function modelFacts(tenant: Tenant, aaGuid: string, path: readonly X509Certificate[] | undefined) {
  const model = tenant.metadata.model(aaGuid);
  const now = tenant.now();
  return {
    aaGuid,
    certificationLevel: model?.certificationLevel(now) ?? null,
    revoked: model?.isRevoked(now, path) ?? false,
  };
}
