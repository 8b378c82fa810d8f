/** A KerberosDomain: an on-premises domain whose DC trusts tickets under the key of one read-only krbtgt. */
import { z } from 'zod';
import { dnsDomainName } from '../users/schema.ts';

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
  /** N of krbtgt_N (msDS-SecondaryKrbTgtNumber). */
  krbtgtNumber: z.int().min(1).max(65_535),
  /** msDS-KeyVersionNumber; its low half must not be zero, or no DC finds the key. */
  keyVersion: z.int().min(1).max(65_535),
  etype: z.literal(18),
  /** The AES-256 key, 32 bytes as base64. */
  key: z.base64().length(44),
});
export type NewKerberosDomain = z.input<typeof newKerberosDomain>;

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
  keyUpdatedOn: string;
  publishedOn: string;
}
