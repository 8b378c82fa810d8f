/** The configuration file of a tenant (`config.json`): its members, their bounds and defaults. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { mailConfig } from '../notices/schema.ts';

const hostName = z
  .string()
  .toLowerCase()
  .refine(
    (name) =>
      isIP(name) !== 0 ||
      (name.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name)),
    'must be a host name such as login.example.com',
  );

/** `scheme://host[:port]`, as browsers write an origin. */
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    'must be an origin such as https://login.example.com',
  );

/** The metadata service (FIDO MDS3); `root` is a PEM file, in place of the FIDO Alliance's own root. */
const metadata = z.union(
  [
    z.strictObject({ file: z.string().min(1), root: z.string().min(1).optional() }),
    z.strictObject({
      url: z
        .string()
        .max(2048)
        .refine((text) => URL.canParse(text) && isProtected(new URL(text))),
      root: z.string().min(1).optional(),
    }),
  ],
  'must be {"file": "blob.jwt"} or {"url": "https://..."} (http:// on this machine only), with "root" where the BLOB is not the FIDO Alliance\'s',
);
export type MetadataConfig = z.output<typeof metadata>;

const isProtected = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));

/** An address that a code may be sent to: the client's own, exact. */
const redirectUri = z
  .string()
  .max(1024)
  .refine(
    (text) =>
      URL.canParse(text) &&
      !/^(javascript|data|file|vbscript|blob|about):/i.test(text) &&
      !text.includes('#'),
    'must be an address without a fragment, such as https://app.example.com/callback',
  );

const fields = {
  tenantId: z.guid().toLowerCase(),
  tenantName: z.string().min(1).max(256),
  /** The name by which people and devices reach the tenant. */
  hostName,
  /** Port 0 takes a free one at each start, and its origin is then allowed too. */
  listen: z.strictObject({
    address: z.string().refine((a) => isIP(a) !== 0, 'must be an IP address'),
    port: z.int().min(0).max(65_535),
  }),
  /** The listener for device registration, which asks for client certificates: `registrationOf` has the defaults. */
  registration: z
    .strictObject({
      address: z.string().refine((a) => isIP(a) !== 0, 'must be an IP address'),
      port: z.int().min(0).max(65_535),
      /** The TLS certificate must cover it, too. */
      hostName,
    })
    .partial()
    .optional(),
  /** The WebAuthn relying party: the host name or a domain above it. Keys are bound to it for good. */
  rpId: hostName,
  /** The origins that assertions may come from. */
  origins: z.array(origin).min(1).max(16),
  tls: z.union([
    z.literal('selfSigned'),
    z.strictObject({ certificateFile: z.string().min(1), keyFile: z.string().min(1) }),
  ]),
  store: z.union([
    z.strictObject({ sqlite: z.string().min(1) }),
    z.strictObject({ postgresql: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgresql:// URL') }),
  ]),
  /** A lab admits software keys. Never for people's real accounts. */
  lab: z.boolean(),
  /** Models of security keys: names, roots of attestation, certification, status. */
  metadata: metadata.optional(),
  /** Through which users are told of changes of their keys. */
  mail: mailConfig.optional(),
  /** Audiences for which devices get access tokens; each must check them through the published keys. */
  resources: z.array(z.string().min(1).max(2048)).max(256).optional(),
  /** Programs that may send people to the sign-in page, beside the brokers that are known. */
  clients: z
    .array(
      z.strictObject({
        clientId: z.guid().toLowerCase(),
        redirectUris: z.array(redirectUri).min(1).max(32),
      }),
    )
    .max(256)
    .optional(),
};

export const configSchema = z.strictObject(fields);
export type TenantConfig = z.output<typeof configSchema>;

/** What an administrator gives at the beginning; the rest has defaults. */
export const initSchema = z.strictObject({
  hostName: fields.hostName,
  tenantId: fields.tenantId.optional(),
  tenantName: fields.tenantName.optional(),
  listen: fields.listen.partial().optional(),
  registration: fields.registration.optional(),
  rpId: fields.rpId.optional(),
  origins: fields.origins.optional(),
  tls: fields.tls.optional(),
  store: fields.store.optional(),
  lab: fields.lab.optional(),
  metadata: fields.metadata,
  mail: fields.mail,
  resources: fields.resources,
  clients: fields.clients,
});
export type InitOptions = z.input<typeof initSchema>;

/** The first thing wrong in a zod error as words, naming the key. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'invalid';
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return `${[path, issue.keys.join(', ')].filter(Boolean).join('.')} is not known here`;
  }
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
