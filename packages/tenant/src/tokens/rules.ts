/**
 * Tokens that the tenant signs (RS256, RFC 7519): the token with which a device registers, and the id_token
 * beside a PRT. Relying parties check them through the published keys.
 */
import { DRS_RESOURCE, type FidoAssertion, signJws } from '@kennel/prt';
import { errors as joseErrors, jwtVerify } from 'jose';
import type { AuditEvent } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import type { UserRow } from '../store/schema.ts';
import { issuerOf, type Tenant, type Visitor } from '../tenant.ts';
import { checkMaySignIn } from '../users/may-sign-in.ts';
import { userById } from '../users/queries.ts';
import { verifyAssertion } from '../webauthn/assertion.ts';

/** How long a registration token is good, in seconds. */
export const REGISTRATION_TOKEN_SECONDS = 600;
const ID_TOKEN_SECONDS = 3600;

/**
 * A token for the device registration service, for a user who proved a security key.
 *
 * @throws TenantError of the nonce and of the assertion
 */
export async function registrationToken(
  tenant: Tenant,
  by: Visitor,
  given: { nonce: string; assertion: FidoAssertion; clientId: string },
): Promise<string> {
  let holder: UserRow | undefined;
  try {
    const { nonce, assertion } = given;
    const proof = {
      assertion,
      purpose: { purpose: 'registration', nonce },
      nonces: [{ nonce, use: 'registration-assertion' }],
    } as const;
    const { user, accept } = await verifyAssertion(tenant, by, proof, (found) => {
      holder = found;
    });
    const token = sign(tenant, user, DRS_RESOURCE, REGISTRATION_TOKEN_SECONDS, {
      appid: given.clientId,
      amr: ['fido', 'mfa'],
      ver: '1.0',
    });
    const issued: AuditEvent = {
      correlationId: by.correlationId,
      event: 'registration-token.issued',
      actor: `user:${user.id}`,
      subject: `key:${given.assertion.id}`,
      outcome: 'allowed',
    };
    return await accept(async () => ({ result: token, events: [issued] }));
  } catch (error) {
    if (error instanceof TenantError) {
      const event: AuditEvent = {
        correlationId: by.correlationId,
        event: 'registration-token.refused',
        actor: holder === undefined ? 'unknown' : `user:${holder.id}`,
        subject: `key:${given.assertion.id}`,
        outcome: 'denied',
        reason: error.code,
      };
      await (holder === undefined ? tenant.strangers.refused(by.source, event) : tenant.audit.record(event));
    }
    throw error;
  }
}

/** The id_token of a PRT answer (OpenID Connect Core section 2). */
export function idToken(tenant: Tenant, user: UserRow, audience: string): string {
  return sign(tenant, user, audience, ID_TOKEN_SECONDS, { ver: '1.0', amr: ['fido', 'mfa'] });
}

/** Who registers a device, and whether a security key was shown for that. */
export interface Registrant {
  user: UserRow;
  withKey: boolean;
}

/**
 * The user of a registration token, who must still be there and enabled.
 *
 * @throws TenantError `token-invalid`, `user-disabled`
 */
export async function registrantOf(tenant: Tenant, token: string): Promise<Registrant> {
  const invalid = (cause: string) =>
    new TenantError(
      'token-invalid',
      'The token for device registration is missing, over, or not from this tenant. Sign in for a new one.',
      {
        cause,
      },
    );
  try {
    const { payload } = await jwtVerify(token, tenant.keys.signing.jwk, {
      algorithms: ['RS256'],
      typ: 'JWT',
      audience: DRS_RESOURCE,
      issuer: issuerOf(tenant),
      currentDate: tenant.now(),
      requiredClaims: ['exp', 'sub', 'tid'],
    });
    if (payload.aud !== DRS_RESOURCE || payload.tid !== tenant.config.tenantId)
      throw invalid('audience or tenant');
    const user = await userById(tenant.store, payload.sub ?? '');
    if (user === undefined) throw invalid('user is gone');
    await checkMaySignIn(tenant, user);
    return { user, withKey: Array.isArray(payload.amr) && payload.amr.includes('fido') };
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) throw invalid(error.code);
    throw error;
  }
}

/** A signed token about a user, with the claims that every one bears. `seconds` is how long it is good. */
export function sign(
  tenant: Tenant,
  user: UserRow,
  audience: string,
  seconds: number,
  claims: Record<string, unknown>,
): string {
  const now = Math.floor(tenant.now().getTime() / 1000);
  const { kid, privateKey } = tenant.keys.signing;
  // By node:crypto at once: the library goes through WebCrypto, whose way to its threads costs every sign-in.
  return signJws(
    privateKey,
    { kid },
    {
      ...claims,
      oid: user.id,
      tid: tenant.config.tenantId,
      upn: user.user_principal_name,
      preferred_username: user.user_principal_name,
      name: user.display_name,
      iss: issuerOf(tenant),
      aud: audience,
      sub: user.id,
      iat: now,
      nbf: now,
      exp: now + seconds,
    },
  );
}
