/**
 * What the Graph says of authentication methods, as far as it is about security keys and passes: the programs that
 * register keys on behalf of users speak it.
 */
import { z } from 'zod';
import { registrationResponse } from '../webauthn/schema.ts';

/** base64url without padding, of whatever a client sends. */
const binary = (most: number) =>
  z
    .string()
    .max(most)
    .transform((text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''));

const { clientDataJSON, attestationObject } = registrationResponse.shape.response.shape;

/** `fido2AuthenticationMethod` as it is created. */
export const newFido2Method = z.object({
  displayName: z.string().trim().min(1).max(128),
  publicKeyCredential: z.object({
    id: binary(1400).pipe(registrationResponse.shape.id),
    response: z.object({
      clientDataJSON: binary(8200).pipe(clientDataJSON),
      attestationObject: binary(32_800).pipe(attestationObject),
    }),
    clientExtensionResults: z.looseObject({}).optional(),
  }),
});
export type NewFido2Method = z.output<typeof newFido2Method>;

/** Minutes for which a challenge is good. */
export const challengeMinutes = z.coerce.number().int().min(5).max(43_200);

/** `fido2AuthenticationMethod` as it is shown; times are ISO 8601 in UTC. */
export interface Fido2Method {
  '@odata.type': '#microsoft.graph.fido2AuthenticationMethod';
  id: string;
  displayName: string;
  createdDateTime: string;
  lastUsedDateTime: string | null;
  aaGuid: string;
  model: string | null;
  /** Base64 DER. */
  attestationCertificates: string[];
  attestationLevel: 'attested' | 'notAttested';
  passkeyType: 'deviceBound' | 'synced';
}
