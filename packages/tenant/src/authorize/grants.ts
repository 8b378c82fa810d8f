/** Tokens for a code or a refresh token, at the token endpoint (RFC 6749 sections 4.1.3 and 6, OpenID Connect Core 3.1.3). */
import { DRS_RESOURCE, GRANT_TYPES } from '@kennel/prt';
import { z } from 'zod';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import type { Proof } from '../sessions/rules.ts';
import { issuerOf, type Tenant, type Visitor } from '../tenant.ts';
import { sign } from '../tokens/rules.ts';
import { issueRefreshToken, redeemCode, redeemRefreshToken } from './codes.ts';

const text = (most: number) => z.string().min(1).max(most);

export const codeForm = z.object({
  grant_type: z.literal(GRANT_TYPES.authorizationCode),
  client_id: text(64).toLowerCase(),
  code: text(256),
  redirect_uri: text(1024).optional(),
  code_verifier: text(128).optional(),
  resource: text(512).optional(),
  scope: text(1024).optional(),
});
export const refreshForm = z.object({
  grant_type: z.literal(GRANT_TYPES.refreshToken),
  client_id: text(64).toLowerCase(),
  refresh_token: text(256),
  resource: text(512).optional(),
  scope: text(1024).optional(),
});

const ACCESS_SECONDS = 3600;
/** A token that may register a device lives as long as one that was had without a page. */
const DRS_SECONDS = 600;

export async function tokensForCode(tenant: Tenant, by: Visitor, form: z.output<typeof codeForm>) {
  return audited(tenant, by, 'code', form.client_id, async () => {
    const { proof, row } = await redeemCode(tenant, {
      code: form.code,
      clientId: form.client_id,
      redirectUri: form.redirect_uri,
      verifier: form.code_verifier,
    });
    const resource = form.resource ?? row.resource ?? undefined;
    const grant = {
      family: row.code_hash,
      client_id: row.client_id,
      scope: row.scope,
      proven_on: row.proven_on,
    };
    return { proof, answer: await answer(tenant, proof, grant, resource, row.nonce) };
  });
}

export async function tokensForRefreshToken(tenant: Tenant, by: Visitor, form: z.output<typeof refreshForm>) {
  return audited(tenant, by, 'refresh-token', form.client_id, async () => {
    const { proof, row } = await redeemRefreshToken(tenant, form.refresh_token, form.client_id);
    return { proof, answer: await answer(tenant, proof, row, form.resource, null) };
  });
}

type Grant = Parameters<typeof issueRefreshToken>[2];

async function answer(
  tenant: Tenant,
  proof: Proof,
  grant: Grant,
  resource: string | undefined,
  nonce: string | null,
) {
  const { user } = proof;
  const claims = {
    amr: proof.method === 'fido' ? ['fido', 'mfa'] : ['tap', 'mfa'],
    auth_time: Math.floor(Date.parse(grant.proven_on) / 1000),
    appid: grant.client_id,
    ver: '1.0',
  };
  const forDevices = resource === DRS_RESOURCE;
  const seconds = forDevices ? DRS_SECONDS : ACCESS_SECONDS;
  const audience = forDevices ? DRS_RESOURCE : issuerOf(tenant);
  const expiresOn = Math.floor(tenant.now().getTime() / 1000) + seconds;
  const id = { ...claims, ...(nonce !== null && { nonce }) };
  return {
    token_type: 'Bearer',
    scope: grant.scope,
    ...(resource !== undefined && { resource: audience }),
    expires_in: String(seconds),
    ext_expires_in: String(seconds),
    expires_on: String(expiresOn),
    access_token: sign(tenant, user, audience, seconds, { ...claims, scp: grant.scope }),
    refresh_token: await issueRefreshToken(tenant, proof, grant),
    id_token: sign(tenant, user, grant.client_id, ACCESS_SECONDS, id),
    client_info: Buffer.from(JSON.stringify({ uid: user.id, utid: tenant.config.tenantId })).toString(
      'base64url',
    ),
  };
}

/** Runs a grant, and puts what came of it into the audit. */
async function audited<T>(
  tenant: Tenant,
  { source, correlationId }: Visitor,
  kind: 'code' | 'refresh-token',
  clientId: string,
  grant: () => Promise<{ proof: Proof; answer: T }>,
): Promise<T> {
  const line = { subject: `client:${clientId}`, correlationId };
  try {
    const { proof, answer: tokens } = await grant();
    const actor = `user:${proof.user.id}`;
    await tenant.audit.record({ ...line, event: `${kind}.redeemed`, actor, outcome: 'allowed' });
    return tokens;
  } catch (error) {
    if (error instanceof TenantError) {
      const event: AuditEvent = {
        ...line,
        event: `${kind}.refused`,
        actor: 'unknown',
        outcome: 'denied',
        reason: error.code,
      };
      await tenant.strangers.refused(source, event);
    }
    throw error;
  }
}
