/** What the Security info page asks for and is shown. */
import { z } from 'zod';
import type { AcceptedModels, KeyPolicyRules } from '../policy/schema.ts';
import type { User } from '../users/schema.ts';
import { keyRegistration } from '../webauthn/schema.ts';

export const keyParams = z.object({ key: z.string().min(1).max(1364) });
export const renaming = z.strictObject({ displayName: keyRegistration.shape.displayName });
/** JSON of the five members of an assertion. */
const assertion = z.string().min(1).max(16_384);
export const proofOptionsRequest = z.strictObject({
  /** The key that is to be removed; without it the proof is for the session. */
  removing: z.string().min(1).max(1364).optional(),
});
export const proof = z.strictObject({ assertion });
export const removal = z.strictObject({
  assertion: assertion.optional(),
  /** The person was told that nothing is left to sign in with. */
  lastKeyConfirmed: z.boolean().default(false),
});

/** Who is signed in; times are ISO 8601 in UTC. */
export interface OwnSession {
  tenantName: string;
  user: Pick<User, 'id' | 'userPrincipalName' | 'displayName' | 'role'>;
  /** With what: a security key, or a Temporary Access Pass, which is for registering a key. */
  method: 'fido' | 'pass';
  /** Until then no further proof is asked for; null where one is. */
  freshUntil: string | null;
  expiresOn: string;
}

/** A key of one's own as shown; times are ISO 8601 in UTC. */
export interface OwnKey {
  id: string;
  displayName: string;
  /** Its model's name in the metadata, and picture (a data URL); null where unknown. */
  model: string | null;
  icon: string | null;
  aaGuid: string;
  /** Whether the model is proven. */
  attested: boolean;
  passkeyType: 'deviceBound' | 'synced';
  transports: string[];
  createdOn: string;
  lastUsedOn: string | null;
  /** A device's name, or a browser in words. */
  lastUsedWhere: string | null;
  /** Whether it is the key that this session was last proven with. */
  current: boolean;
  /** Why policy does not accept it any more, for people; null where it does. */
  refused: string | null;
}

export interface OwnKeys {
  keys: OwnKey[];
  /** Whether the person may register keys. */
  selfService: boolean;
}

/** The keys that are accepted of the person who is signed in. */
export interface AcceptedKeys
  extends Pick<KeyPolicyRules, 'selfService' | 'passkeyTypes' | 'minimumCertificationLevel' | 'transports'>,
    Pick<AcceptedModels, 'attestationRequired' | 'models'> {}
