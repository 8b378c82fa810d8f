/**
 * The PRT request ([MS-OAPXBC] 3.2.5.1.2) taken apart: the outer form, the JWS in `request`, and in its payload a
 * refresh token of a web sign-in, or a FIDO2 assertion, whose place there is our own. Nothing is verified here.
 */
import {
  CLIENT_IDS,
  certificatesOf,
  type FidoAssertion,
  GRANT_TYPES,
  type ParsedJws,
  PRT_SCOPES,
  PrtError,
  parseAssertion,
} from '@kennel/prt';
import { z } from 'zod';
import { firstIssue } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import type { Asked } from './answer.ts';

/** The outer form; `tgt` in any case. Further fields (client_info, ...) say nothing that we need. */
export const prtForm = z.object({
  grant_type: z.literal(GRANT_TYPES.jwtBearer),
  request: z.string().min(1).max(49_152),
  tgt: z.string().max(8).optional(),
});
export type PrtForm = z.output<typeof prtForm>;

/** A token of ours is 43 characters; others may send longer ones, and learn that they are unknown. */
export const tokenText = z.string().min(1).max(4096);
export const nonce = z.string().min(1).max(256);

const payloadSchema = z.object({
  client_id: z.enum(Object.values(CLIENT_IDS)),
  request_nonce: nonce,
  /** Ours: where the assertion was made over another nonce than the request. */
  assertion_nonce: nonce.optional(),
  scope: z.string().max(1024),
  grant_type: z.string().max(128),
  assertion: z.string().max(16_384).optional(),
  refresh_token: tokenText.optional(),
  /** The token in whose place the new one comes. */
  previous_refresh_token: tokenText.optional(),
  tgt: z.union([z.string().max(8), z.boolean()]).optional(),
  /** Ours: "A256GCM" asks for true GCM under the session key; the existing brokers read CBC. */
  session_key_enc: z.literal('A256GCM').optional(),
});

/** How the request shows who asks. */
export type RequestProof =
  | { kind: 'assertion'; assertion: FidoAssertion; nonce: string }
  | { kind: 'refresh-token'; token: string };

export interface PrtRequest extends Asked {
  jws: ParsedJws;
  /** DER, as sent in `x5c`. */
  certificate: Uint8Array;
  requestNonce: string;
  proof: RequestProof;
  kdfVersion: 1 | 2;
  previousPrt: string | undefined;
}

/** @throws TenantError `request-malformed`, `grant-type-unsupported` */
export function parsePrtRequest(form: PrtForm, jws: ParsedJws): PrtRequest {
  try {
    const [certificate] = certificatesOf(jws.header);
    if (certificate === undefined) throw malformed('it bears no certificate');
    const payload = payloadSchema.safeParse(jws.payload);
    if (!payload.success) throw malformed(firstIssue(payload.error));
    const { client_id, request_nonce, scope, tgt, session_key_enc } = payload.data;
    if (!asksForPrt(scope)) throw malformed('its scope lacks openid or aza');
    return {
      jws,
      certificate,
      clientId: client_id,
      requestNonce: request_nonce,
      proof: proofOf(payload.data),
      wantsTicket: isTrue(form.tgt) || isTrue(tgt),
      kdfVersion: jws.header.kdf_ver === 2 ? 2 : 1,
      mode: session_key_enc === undefined ? 'cbc' : 'gcm',
      previousPrt: payload.data.previous_refresh_token,
    };
  } catch (error) {
    if (error instanceof PrtError) throw malformed(error.message);
    throw error;
  }
}

/** The other ways in (Hello, a password) are not offered. */
function proofOf(payload: z.output<typeof payloadSchema>): RequestProof {
  const { grant_type, assertion, refresh_token: token, request_nonce, assertion_nonce } = payload;
  if (grant_type === GRANT_TYPES.refreshToken && token !== undefined) return { kind: 'refresh-token', token };
  // A Hello assertion is a compact JWS in the same place.
  if (grant_type === GRANT_TYPES.jwtBearer && assertion?.trimStart().startsWith('{')) {
    const nonce = assertion_nonce ?? request_nonce;
    return { kind: 'assertion', assertion: parseAssertion(assertion), nonce };
  }
  throw new TenantError(
    'grant-type-unsupported',
    'A Primary Refresh Token is given for a FIDO2 assertion, or for the refresh token of a web sign-in. Sign in with your security key.',
    { grant_type },
  );
}

export function asksForPrt(scope: string): boolean {
  const scopes = scope.split(' ');
  return PRT_SCOPES.every((needed) => scopes.includes(needed));
}

/** `true` as clients write it. */
export const isTrue = (value: string | boolean | undefined) =>
  value === true || String(value).toLowerCase() === 'true';

export const malformed = (what: string) =>
  new TenantError(
    'request-malformed',
    `The PRT request cannot be read: ${what}. Update the client, then sign in again.`,
  );
