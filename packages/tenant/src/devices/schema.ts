/** A join request ([MS-DVRJ] 2.2.2, as the open clients send it), its answer, and a device as shown. */
import { JOIN_TYPES } from '@kennel/prt/registry';
import { z } from 'zod';

/** Attribute values are text; capitals differ between clients. */
const attributes = z.object({
  ReuseDevice: z.string().max(8).optional(),
  /** The id of the device that joins again. Ours: the protocol has no field for it. */
  DeviceId: z.guid().toLowerCase().optional(),
});

const certificateRequest = z.object({
  Type: z.string().regex(/^pkcs10$/i, 'must be pkcs10'),
  Data: z.string().min(1).max(16_384),
});

export const joinRequest = z
  .object({
    CertificateRequest: certificateRequest,
    TransportKey: z.string().min(1).max(8192),
    TargetDomain: z.string().max(256).optional(),
    DeviceType: z.string().min(1).max(64),
    OSVersion: z.string().max(128).default(''),
    DeviceDisplayName: z.string().min(1).max(256),
    JoinType: z.int().min(0).max(255),
    Attributes: attributes.optional(),
    attributes: attributes.optional(),
  })
  .transform(({ Attributes, attributes, ...rest }) => ({
    ...rest,
    Attributes: Attributes ?? attributes ?? {},
  }));
export type JoinRequest = z.output<typeof joinRequest>;

/** A hybrid join: the computer of a synced domain speaks for itself, without a person's token. */
export const hybridJoinRequest = z.object({
  CertificateRequest: certificateRequest,
  JoinType: z.literal(JOIN_TYPES.hybridJoin),
  ServerAdJoinData: z.object({
    TransportKey: z.string().min(1).max(8192),
    TargetDomain: z.string().max(256).optional(),
    DeviceType: z.string().min(1).max(64),
    OSVersion: z.string().max(128).default(''),
    DeviceDisplayName: z.string().min(1).max(256),
    /** The tenant. */
    TargetDomainId: z.string().max(64).toLowerCase(),
    SourceDomainController: z.string().max(256).optional(),
    ClientIdentity: z.object({
      Type: z.literal('sha256signed'),
      /** `<SID>.<yyyy-MM-dd HH:mm:ss>Z` */
      Sid: z.string().max(256),
      SignedBlob: z.string().max(1024),
    }),
  }),
});
export type HybridJoinRequest = z.output<typeof hybridJoinRequest>;

export interface JoinAnswer {
  /** SHA-1 in capital hex, and the DER as standard base64. */
  Certificate: { Thumbprint: string; RawBody: string };
  User: { Upn: string };
  MembershipChanges: { LocalSID: string; AddSIDs: string[] }[];
}

/** A device as the tenant shows it; times are ISO 8601 in UTC. */
export interface Device {
  id: string;
  displayName: string;
  joinType: number;
  operatingSystem: string;
  osVersion: string;
  enabled: boolean;
  /** SHA-1 of the current certificate in capital hex, as device tools print it. */
  certificateThumbprint: string;
  certificateNotAfter: string;
  registeredBy: string;
  registeredOn: string;
  /** The last sign-in or renewal, to a day; null before the first. */
  lastSeenOn: string | null;
}

/** A device CA as shown; times are ISO 8601 in UTC. */
export interface DeviceCa {
  subject: string;
  /** SHA-256, capital hex with colons. */
  fingerprint: string;
  notAfter: string;
  /** Whether it issues; else it is one from before, whose certificates are still good. */
  current: boolean;
}

/** The CA that issues, as the status shows it. */
export interface DeviceCaStatus {
  /** SHA-256, capital hex with colons. */
  fingerprint: string;
  /** ISO 8601 in UTC. */
  notAfter: string;
  state: 'good' | 'ending' | 'ended';
  /** What to do; null while it is good. */
  warning: string | null;
}

const policyFields = {
  /** Who may join devices and register them. Computers of a synced domain are not asked: their directory says. */
  join: z.enum(['everyone', 'groups', 'nobody']),
  devicesPerUser: z.int().min(1).max(1000),
  /** Whether the person must have shown a security key; else a Temporary Access Pass is enough. */
  fidoRequired: z.boolean(),
};

/** As it is stored: groups by their ids. */
export const devicePolicyRules = z
  .strictObject({ ...policyFields, groups: z.array(z.string().max(64)).max(100) })
  .refine(({ join, groups }) => join !== 'groups' || groups.length > 0, 'name a group who may join');
export type DevicePolicyRules = z.output<typeof devicePolicyRules>;

/** What is to be changed; groups by name or id. */
export const devicePolicyChanges = z
  .strictObject({ ...policyFields, groups: z.array(z.string().min(1).max(256)).max(100) })
  .partial();
export type DevicePolicyChanges = z.input<typeof devicePolicyChanges>;

/** The policy as shown. */
export interface DevicePolicy extends Omit<DevicePolicyRules, 'groups'> {
  groups: { id: string; displayName: string }[];
}

/** What holds until an administrator says otherwise. */
export const DEFAULT_DEVICE_POLICY: DevicePolicyRules = {
  join: 'everyone',
  groups: [],
  devicesPerUser: 50,
  fidoRequired: true,
};
