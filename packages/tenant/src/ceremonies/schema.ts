/** The log of ceremonies: what is recorded of a step, what clients tell, and how it is shown. */
import { z } from 'zod';
import { CEREMONY_EVENTS, type CeremonyEventId } from './events.ts';

/** What the ceremony is for. */
export type CeremonyPurpose = 'key-registration' | 'device-registration' | 'prt' | 'web';

/** What is recorded of a step. Nothing of it opens a door: a challenge is kept as a hash only. */
export interface CeremonyStep {
  event: CeremonyEventId;
  /** The number that the answer, the page and the audit show for this request. */
  traceId: string;
  purpose: CeremonyPurpose;
  /** base64url; what holds the steps of one ceremony together. */
  challenge?: string | undefined;
  userId?: string | undefined;
  credentialId?: string | undefined;
  aaGuid?: string | undefined;
  /** The tenant's, unless given. */
  rpId?: string | undefined;
  origin?: string | undefined;
  /** The tenant's error code, where it refused. */
  reason?: string | undefined;
  /** The name of the browser's DOMException, or the code of the program that speaks to the key. */
  clientError?: string | undefined;
  /** How long the key or the person took, in milliseconds, as the client measured it. */
  elapsedMs?: number | undefined;
  /** CTAP status byte (CTAP 2.1 section 8.2), where the client had it. */
  ctapStatus?: number | undefined;
}

/** What a client tells of its own side, in a shape that can hold no more than that. */
export const clientReport = z.strictObject({
  clientError: z
    .string()
    .regex(/^[A-Za-z][A-Za-z-]{0,63}$/, 'must be the name of an error')
    .optional(),
  elapsedMs: z.int().min(0).max(86_400_000).optional(),
  ctapStatus: z.int().min(0).max(255).optional(),
});

/** A step that a command of an administrator tells of. */
export const reportedStep = clientReport.extend({
  event: z.union([
    z.literal(CEREMONY_EVENTS.REGISTRATION_FAILED),
    z.literal(CEREMONY_EVENTS.CTAP_STARTED),
    z.literal(CEREMONY_EVENTS.CTAP_COMPLETED),
    z.literal(CEREMONY_EVENTS.CTAP_FAILED),
    z.literal(CEREMONY_EVENTS.DEVICE_INFO),
  ]),
  user: z.string().min(1).max(320),
  challenge: z.string().max(512).optional(),
  aaGuid: z.guid().toLowerCase().optional(),
});
export type ReportedStep = z.input<typeof reportedStep>;

export const ceremonyQuery = z.object({
  user: z.string().min(1).max(320).optional(),
  /** A trace id or a ceremony: all steps of that ceremony. */
  trace: z
    .string()
    .regex(/^[0-9a-f-]{1,64}$/i, 'must be a trace id')
    .toLowerCase()
    .optional(),
  since: z.iso.datetime().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  before: z
    .string()
    .regex(/^[0-9a-f]{1,40}$/)
    .optional(),
});
export type CeremonyQuery = z.output<typeof ceremonyQuery>;

/** A step as shown; `time` is ISO 8601 in UTC. */
export interface CeremonyEvent {
  id: string;
  time: string;
  event: number;
  /** What the number says. */
  step: string;
  purpose: string;
  ceremony: string | null;
  traceId: string;
  userId: string | null;
  userPrincipalName: string | null;
  credentialId: string | null;
  aaGuid: string | null;
  /** By the metadata. */
  model: string | null;
  rpId: string;
  origin: string | null;
  reason: string | null;
  clientError: string | null;
  elapsedMs: number | null;
  ctapStatus: number | null;
}
