/** What the tenant answers: the members that this device reads, each bounded. Others may be there. */
import { z } from 'zod';

const token = z.string().regex(/^[\w.~+/=-]{1,16384}$/);
const epochSeconds = z
  .string()
  .regex(/^\d{1,10}$/)
  .transform(Number);

/** Discovery ([MS-DVRJ] and the open clients' 1.9); RpId and Origins are Kennel's own. */
export const discoveryAnswer = z.object({
  DeviceRegistrationService: z.object({ RegistrationEndpoint: z.url().max(2048) }),
  AuthenticationService: z.object({ OAuth2: z.object({ TokenEndpoint: z.url().max(2048) }) }),
  WebAuthNService: z.object({
    RpId: z.string().min(1).max(253),
    Origins: z.array(z.string().max(2048)).min(1).max(64),
  }),
  TenantInfo: z.object({
    TenantId: z.guid().toLowerCase(),
    TenantName: z.string().max(256),
    DisplayName: z.string().max(256),
  }),
});

export const nonceAnswer = z.object({ Nonce: z.string().regex(/^[\x21-\x7e]{1,1024}$/) });

export const registrationTokenAnswer = z.object({ access_token: token });

export const registrationAnswer = z.object({
  Certificate: z.object({
    Thumbprint: z.string().regex(/^[0-9A-Fa-f]{40}$/),
    RawBody: z.base64().max(16_384),
  }),
  /** Empty where a computer registered itself. */
  User: z.object({ Upn: z.string().max(256) }),
});

/** The answer to a PRT request ([MS-OAPXBC] 3.2.5.1.2.2); the numbers that are text are so on purpose. */
export const prtAnswer = z.object({
  token_type: z.literal('pop'),
  expires_in: epochSeconds,
  expires_on: epochSeconds,
  refresh_token: token,
  refresh_token_expires_in: z
    .int()
    .min(1)
    .max(400 * 24 * 3600),
  /** A renewal keeps the session key, and has none. */
  session_key_jwe: z.string().max(16_384).optional(),
  id_token: z.string().max(65_536),
  tgt_client_key: z.string().max(16_384).optional(),
  tgt_key_type: z.int().optional(),
  tgt_message_buffer: z.string().max(131_072).optional(),
  tgt_ad: z.string().max(196_608).optional(),
  tgt_error_message: z.string().max(8192).optional(),
  kerberos_top_level_names: z.string().max(8192).optional(),
  /** Kennel's own: the key that signed in, and for how many days its holder may be signed in without the tenant. */
  offline_sign_in: z
    .object({
      credential_id: z.string().regex(/^[\w-]{1,1364}$/),
      public_key: z.string().regex(/^[\w-]{1,2048}$/),
      days: z.int().min(0).max(14),
    })
    .optional(),
});
export type PrtAnswer = z.output<typeof prtAnswer>;

/** `tgt_ad`, itself JSON. Where there is no ticket its members are empty and `error` says why. */
export const tgtMessage = z.object({
  clientKey: z.string(),
  keyType: z.int(),
  messageBuffer: z.string(),
  realm: z.string().max(255),
  sn: z.string().max(512),
  cn: z.string().max(512),
  error: z.string().max(256).optional(),
});

export const idTokenClaims = z.object({
  aud: z.string(),
  tid: z.guid().toLowerCase(),
  oid: z.string().min(1).max(256),
  upn: z.string().regex(/^[^\s\p{Cc}]{1,256}$/u),
  name: z.string().max(512).default(''),
});

/** A refusal (RFC 6749 section 5.2, with the members of this protocol). */
export const refusalAnswer = z.object({
  error: z.string().max(256),
  error_description: z.string().max(8192).default(''),
  error_codes: z.array(z.number()).max(16).default([]),
  suberror: z.string().max(128).optional(),
  trace_id: z.string().max(128).optional(),
});
