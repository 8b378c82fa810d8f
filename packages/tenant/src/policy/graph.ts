/** The default policy in the shape of the Graph's `fido2AuthenticationMethodConfiguration`. */
import type { Caller, Tenant } from '../tenant.ts';
import { changeKeyPolicy, showKeyPolicy } from './rules.ts';
import type { Fido2Configuration, Fido2ConfigurationChanges, KeyPolicyChanges } from './schema.ts';

export async function fido2Configuration(tenant: Tenant): Promise<Fido2Configuration> {
  const policy = await showKeyPolicy(tenant, 'default');
  return {
    '@odata.type': '#microsoft.graph.fido2AuthenticationMethodConfiguration',
    id: 'Fido2',
    state: 'enabled',
    isAttestationEnforced: policy.attestationEnforced,
    isSelfServiceRegistrationAllowed: policy.selfService,
    keyRestrictions: policy.keyRestrictions,
    includeTargets: [{ targetType: 'group', id: 'all_users', isRegistrationRequired: false }],
    excludeTargets: [],
  };
}

export async function changeFido2Configuration(
  tenant: Tenant,
  by: Caller,
  given: Fido2ConfigurationChanges,
): Promise<Fido2Configuration> {
  const before = await showKeyPolicy(tenant, 'default');
  const { isAttestationEnforced, isSelfServiceRegistrationAllowed, keyRestrictions } = given;
  const { isEnforced, enforcementType, aaGuids } = keyRestrictions ?? {};
  const changes: KeyPolicyChanges = {
    ...(isAttestationEnforced !== undefined && { attestationEnforced: isAttestationEnforced }),
    ...(isSelfServiceRegistrationAllowed !== undefined && { selfService: isSelfServiceRegistrationAllowed }),
    ...(keyRestrictions !== undefined && {
      keyRestrictions: {
        isEnforced: isEnforced ?? before.keyRestrictions.isEnforced,
        enforcementType: enforcementType ?? before.keyRestrictions.enforcementType,
        aaGuids: aaGuids ?? before.keyRestrictions.aaGuids,
      },
    }),
  };
  await changeKeyPolicy(tenant, by, 'default', changes);
  return fido2Configuration(tenant);
}
