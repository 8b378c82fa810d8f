/**
 * The request by which a device uses its Primary Refresh Token ([MS-OAPXBC] 3.1.5.1.3): the payload of a JWS under
 * the session key. With the scope `aza` it asks for a new PRT, else for an access token. Nothing is verified here.
 */
import { GRANT_TYPES, type ParsedJws } from '@kennel/prt';
import { z } from 'zod';
import { firstIssue } from '../config/schema.ts';
import type { Asked } from './answer.ts';
import { asksForPrt, isTrue, malformed, nonce, type PrtForm, tokenText } from './request.ts';

const payloadSchema = z.object({
  client_id: z.string().regex(/^[\w.:/-]{1,128}$/, 'must be a client id'),
  request_nonce: nonce,
  scope: z.string().max(1024),
  grant_type: z.literal(GRANT_TYPES.refreshToken),
  refresh_token: tokenText,
  resource: z.string().max(2048).optional(),
  tgt: z.union([z.string().max(8), z.boolean()]).optional(),
  session_key_enc: z.literal('A256GCM').optional(),
});

export interface PrtUse extends Asked {
  jws: ParsedJws;
  prt: string;
  requestNonce: string;
  scope: string;
  resource: string | undefined;
  wants: 'prt' | 'access-token';
}

/** @throws TenantError `request-malformed` */
export function parsePrtUse(form: PrtForm, jws: ParsedJws): PrtUse {
  const payload = payloadSchema.safeParse(jws.payload);
  if (!payload.success) throw malformed(firstIssue(payload.error));
  const { client_id, request_nonce, scope, refresh_token, resource, tgt, session_key_enc } = payload.data;
  const wants = asksForPrt(scope) ? 'prt' : 'access-token';
  return {
    jws,
    prt: refresh_token,
    clientId: client_id,
    requestNonce: request_nonce,
    scope,
    resource,
    wants,
    // A renewal brings fresh tickets; brokers ask for them as at the sign-in.
    wantsTicket: wants === 'prt' && (isTrue(form.tgt) || isTrue(tgt)),
    mode: session_key_enc === undefined ? 'cbc' : 'gcm',
  };
}
