/** What clients send and how they are shown; times are ISO 8601 in UTC. */
import { z } from 'zod';
import { dnsDomainName } from '../users/schema.ts';

const HOUR_MINUTES = 60;

export const newInvitation = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('administrator'), minutes: minutes() }),
  z.strictObject({ scope: z.literal('connector'), domain: dnsDomainName, minutes: minutes() }),
]);
export type NewInvitation = z.input<typeof newInvitation>;

function minutes() {
  return z
    .int()
    .min(1)
    .max(7 * 24 * HOUR_MINUTES)
    .default(HOUR_MINUTES);
}

/** The token is shown once; the tenant keeps its hash. */
export interface Invitation {
  token: string;
  scope: 'administrator' | 'connector';
  domain: string | null;
  expiresOn: string;
}

export const clientName = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'must be letters, digits, dots, hyphens; 64 at most');

/** A JWS by the key that enrols, which stands in its header. */
export const enrolmentRequest = z.strictObject({ request: z.string().min(1).max(4096) });

/** RFC 7523 section 2.2 with RFC 6749 section 4.4. */
export const CLIENT_ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const CLIENT_CREDENTIALS = 'client_credentials';
export const clientForm = z.object({
  grant_type: z.literal(CLIENT_CREDENTIALS),
  client_assertion_type: z.literal(CLIENT_ASSERTION_TYPE),
  client_assertion: z.string().min(1).max(4096),
});

/** A client as shown. */
export interface EnrolledClient {
  id: string;
  name: string;
  scope: 'administrator' | 'connector';
  /** The domain of a connector. */
  domain: string | null;
  /** RFC 7638, SHA-256, of its key. */
  thumbprint: string;
  enrolledOn: string;
  lastUsedOn: string | null;
  revokedOn: string | null;
}
