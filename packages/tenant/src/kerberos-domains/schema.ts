/** A KerberosDomain: an on-premises domain whose DC trusts tickets under the key of one read-only krbtgt. */
import { z } from 'zod';
import { dnsDomainName } from '../users/schema.ts';

/** A key as it comes in. */
const newKey = {
  /** N of krbtgt_N (msDS-SecondaryKrbTgtNumber). */
  krbtgtNumber: z.int().min(1).max(65_535),
  /** msDS-KeyVersionNumber; its low half must not be zero, or no DC finds the key. */
  keyVersion: z.int().min(1).max(65_535),
  etype: z.literal(18),
  /** The AES-256 key, 32 bytes as base64. */
  key: z.base64().length(44),
  /** When the domain controller made it, as it says itself; the time of publishing unless given. */
  keyUpdatedOn: z.iso.datetime().optional(),
};

export const newKerberosDomain = z.strictObject({
  dnsName: dnsDomainName,
  /** Defaults to the DNS name in capitals. */
  realm: z
    .string()
    .toUpperCase()
    .max(255)
    .regex(/^[A-Z0-9]([A-Z0-9.-]*[A-Z0-9])?$/, 'must be a realm such as CORP.EXAMPLE.COM')
    .optional(),
  netbiosName: z
    .string()
    .toUpperCase()
    .regex(/^[^\s"/\\:*?<>|.]{1,15}$/, 'must be a NetBIOS name such as CORP'),
  domainSid: z
    .string()
    .toUpperCase()
    .regex(/^S-1-5-21(-(0|[1-9]\d{0,9})){3}$/, 'must look like S-1-5-21-1-2-3'),
  ...newKey,
});
export type NewKerberosDomain = z.input<typeof newKerberosDomain>;

export const newPendingKey = z.strictObject(newKey);
export type NewPendingKey = z.input<typeof newPendingKey>;

const controllers = z.array(z.string().min(1).max(255)).max(1000);

/** Which key is to be used, and on what grounds: it stands in the audit. */
export const keyActivation = z.strictObject({
  keyVersion: z.int().min(1).max(65_535),
  /** Domain controllers that redeemed a probe with it. */
  provenBy: controllers,
  /** Those that an administrator chose not to wait for. */
  without: controllers.default([]),
});
export type KeyActivation = z.infer<typeof keyActivation>;

/** A KerberosDomain as the tenant shows it: without its keys. */
export interface KerberosDomain {
  dnsName: string;
  realm: string;
  netbiosName: string;
  domainSid: string;
  krbtgtNumber: number;
  keyVersion: number;
  /** The kvno in tickets: N << 16 | version, as a signed 32-bit number. */
  kvno: number;
  previousKeyVersion: number | null;
  /** A key that is published and not used yet. */
  pendingKeyVersion: number | null;
  keyUpdatedOn: string;
  publishedOn: string;
}

/** What a probe is to try. */
export const newProbe = z.strictObject({
  key: z.enum(['current', 'pending']),
  /** Whose ticket is to be redeemed; without one the probe is of an account that is to be denied. */
  user: z.string().min(1).max(256).optional(),
});
export type NewProbe = z.input<typeof newProbe>;

/** A request to be sent to one domain controller, once; nothing in it lets whoever carries it use a ticket. */
export interface Probe {
  /** DER TGS-REQ, base64. */
  request: string;
  /** To be given back with the answer, base64url. */
  token: string;
}

export const probeAnswer = z.strictObject({
  token: z.string().max(4096),
  /** What the domain controller answered, base64. */
  reply: z.base64().max(100_000),
  /** Which it was: for the audit. */
  controller: z.string().min(1).max(255),
});
export type ProbeAnswer = z.input<typeof probeAnswer>;

/** What a domain controller made of a probe. */
export interface ProbeResult {
  /** It gave a full TGT. */
  redeemed: boolean;
  /** Whether it has the key that the probe was signed with; null where the answer does not tell. */
  keyKnown: boolean | null;
  keyVersion: number;
  /** Name of its refusal, as TGT_REVOKED; null where it redeemed. */
  refusal: string | null;
  message: string;
  /** Etype of the full TGT: the domain's own krbtgt key. */
  etype: number | null;
  /** The controller's clock, where it refused. */
  controllerTime: string | null;
}
