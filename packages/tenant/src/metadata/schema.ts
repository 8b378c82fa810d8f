/** The payload of a metadata BLOB (FIDO Metadata Service v3.0 section 3.1.7), as far as it is used here. */
import { z } from 'zod';
import type { CertificationLevel } from './levels.ts';

const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date');

const statusReport = z.object({
  status: z.string().max(64),
  effectiveDate: date.optional(),
  /** Base64 DER: the report is of the keys under this certificate only. */
  certificate: z.string().max(24_576).optional(),
});
export type StatusReport = z.output<typeof statusReport>;

const metadataStatement = z.object({
  description: z.string().max(4096),
  attestationTypes: z.array(z.string().max(64)).max(16).default([]),
  attestationRootCertificates: z.array(z.string().max(24_576)).max(256).default([]),
  icon: z.string().max(1_048_576).optional(),
  authenticatorGetInfo: z.object({ transports: z.array(z.string().max(32)).max(16).optional() }).optional(),
});

const entry = z.object({
  aaguid: z.guid().toLowerCase().optional(),
  metadataStatement: metadataStatement.optional(),
  statusReports: z.array(statusReport).max(256).default([]),
});
export type MetadataEntry = z.output<typeof entry>;

export const blobPayload = z.object({
  no: z.int().min(0),
  nextUpdate: date,
  entries: z.array(entry).max(20_000),
});

/** What the tenant says of its metadata; times are ISO 8601 in UTC. */
export interface MetadataStatus {
  /** File or URL; null where none is configured. */
  source: string | null;
  /** The BLOB in use; null where there is none yet. */
  blob: {
    number: number;
    nextUpdate: string;
    acceptedOn: string;
    models: number;
    /** Its next update is due: it is used on, until a newer one is had. */
    stale: boolean;
  } | null;
  lastTriedOn: string | null;
  /** Why the last try brought nothing, for people; null where it went well. */
  lastError: string | null;
}

/** A model of security key as the metadata describes it. */
export interface KeyModelInfo {
  aaGuid: string;
  name: string;
  certificationLevel: CertificationLevel | null;
  revoked: boolean;
  transports: string[] | null;
}
