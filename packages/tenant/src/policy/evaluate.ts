/** Whether a policy accepts a security key: a decision over facts, without a store. */
import { TenantError } from '../errors.ts';
import { CERTIFICATION_LEVELS, type CertificationLevel } from '../metadata/levels.ts';
import type { KeyPolicyRules } from './schema.ts';
import { transportName } from './transports.ts';

export interface KeyFacts {
  aaGuid: string;
  /** Whether the AAGUID is proven; if not, why. */
  attested: true | string;
  /** Of the model, as the metadata has it. */
  certificationLevel: CertificationLevel | null;
  /** Of that model, be it proven or only claimed: nobody gains by claiming to be unsafe. */
  revoked: boolean;
  synced: boolean;
  transports: readonly string[];
}

/** Whether a policy accepts keys of proven models only. An AAGUID that is not proven can be on no list. */
export function requiresAttestation(rules: KeyPolicyRules): boolean {
  return (
    rules.attestationEnforced || rules.keyRestrictions.isEnforced || rules.minimumCertificationLevel !== null
  );
}

/** The first reason why not, for the person who holds the key; undefined where it is accepted. */
export function refusalOf(rules: KeyPolicyRules, key: KeyFacts): TenantError | undefined {
  const details = { aaGuid: key.aaGuid, attested: key.attested };
  if (key.revoked) {
    return new TenantError(
      'key-model-revoked',
      'Security keys of this model are known to be unsafe, and are no longer accepted. Use a key of another model.',
      details,
    );
  }
  if (!rules.passkeyTypes.includes(key.synced ? 'synced' : 'deviceBound')) {
    return key.synced
      ? new TenantError(
          'synced-not-allowed',
          'Your organization does not accept passkeys that are copied between devices. Use a security key that holds its passkey for itself.',
          details,
        )
      : new TenantError(
          'device-bound-not-allowed',
          'Your organization accepts only passkeys that are copied between devices. Use that of a phone or a password manager.',
          details,
        );
  }
  if (rules.transports !== null && !connectsBy(key.transports, rules.transports)) {
    return new TenantError(
      'transport-not-allowed',
      `Your organization accepts only security keys that connect by ${rules.transports.map(transportName).join(', ')}. Use such a key.`,
      { ...details, transports: key.transports },
    );
  }
  if (!requiresAttestation(rules)) return undefined;
  if (key.attested !== true) {
    return new TenantError(
      'attestation-required',
      "Your organization accepts only security keys whose maker vouches for them, and this one's model is not proven. Allow the browser to see make and model, or use a key of an accepted model.",
      details,
    );
  }
  return refusalOfModel(rules, key);
}

function refusalOfModel(rules: KeyPolicyRules, key: KeyFacts): TenantError | undefined {
  const { isEnforced, enforcementType, aaGuids } = rules.keyRestrictions;
  if (isEnforced && aaGuids.includes(key.aaGuid.toLowerCase()) !== (enforcementType === 'allow')) {
    return new TenantError(
      'key-model-not-allowed',
      'Your organization does not accept security keys of this model. Ask your administrator for the list of accepted models.',
      { aaGuid: key.aaGuid },
    );
  }
  const least = rules.minimumCertificationLevel;
  if (least !== null && rank(key.certificationLevel) < rank(least)) {
    return new TenantError(
      'certification-too-low',
      `Your organization accepts only security keys that are certified at level ${least} or higher. Use such a key.`,
      { aaGuid: key.aaGuid, certificationLevel: key.certificationLevel },
    );
  }
  return undefined;
}

/** A key that says nothing of how it connects is refused where it matters. */
const connectsBy = (given: readonly string[], allowed: readonly string[]) =>
  given.length > 0 && given.every((transport) => allowed.includes(transport));

const rank = (level: CertificationLevel | null) =>
  level === null ? -1 : CERTIFICATION_LEVELS.indexOf(level);
