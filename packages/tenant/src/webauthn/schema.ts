/** What a key's registration brings (W3C WebAuthn section 5.1, JSON as browsers write it), and a key as shown. */
import { z } from 'zod';

const base64Url = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url');

export const registrationOptionsRequest = z.strictObject({
  /** How long the challenge is good, in minutes: a key may be registered somewhere else. */
  challengeTimeoutInMinutes: z.int().min(5).max(43_200).optional(),
});

/** RegistrationResponseJSON; members that a browser adds beside these are left out. */
export const registrationResponse = z.object({
  id: base64Url(1364),
  rawId: base64Url(1364),
  type: z.literal('public-key'),
  /** What the browser says of the key itself (credProps, section 10.1.3): a passkey that is on it can be found there. */
  clientExtensionResults: z
    .looseObject({ credProps: z.object({ rk: z.boolean().optional() }).optional() })
    .optional(),
  response: z.object({
    clientDataJSON: base64Url(8192),
    attestationObject: base64Url(32_768),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,32}$/))
      .max(8)
      .optional(),
  }),
});

export const keyRegistration = z.strictObject({
  displayName: z.string().trim().min(1).max(128),
  credential: registrationResponse,
});
export type KeyRegistration = z.input<typeof keyRegistration>;

/** A security key as the tenant shows it; times are ISO 8601 in UTC. */
export interface SecurityKeyInfo {
  /** The credential id, base64url. */
  id: string;
  displayName: string;
  /** As the key claims; proven where `attestationLevel` is attested. */
  aaGuid: string;
  /** Its name in the metadata. */
  model: string | null;
  attestationFormat: string;
  /** By today's metadata. */
  attestationLevel: 'attested' | 'notAttested';
  /** Why not. */
  attestationReason: string | null;
  /** Of an attested key: base64 DER, its own first, the anchor last. */
  attestationCertificates: string[];
  transports: string[];
  passkeyType: 'deviceBound' | 'synced';
  counter: number;
  createdOn: string;
  lastUsedOn: string | null;
  /** `device:<id>`, or a browser in words. */
  lastUsedWhere: string | null;
  /** Why the policy of its user does not accept it today: a code, and that in words for the user; null where it does. */
  refused: { code: string; message: string } | null;
}
