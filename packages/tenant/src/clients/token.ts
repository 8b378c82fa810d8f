/**
 * A client's access token: private_key_jwt (RFC 7523 section 3) at the token endpoint, and what the token is worth at
 * each request. The scope is that of the client's row at that moment, so a revoked client is refused at once.
 */

import { decodeJwt, importJWK, type JWK, errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import type { Authenticator } from '../access/guard.ts';
import { actorOf, type Principal } from '../access/principal.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { insertSpent } from '../nonce/queries.ts';
import type { ClientRow } from '../store/schema.ts';
import { issuerOf, type Tenant, type Visitor } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { clientById, recordClientUse } from './queries.ts';
import { CLIENT_ALGORITHMS, invalidAssertion, LONGEST_ASSERTION_SECONDS, scopeOf } from './rules.ts';

/** What the tokens are for. */
const ADMINISTRATION = 'urn:kennel:administration';
/** RFC 9068. */
const TOKEN_TYPE = 'at+jwt';
const TOKEN_SECONDS = 300;
const CLOCK_TOLERANCE_SECONDS = 60;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws TenantError `client-assertion-invalid`, `client-revoked` */
export async function clientToken(tenant: Tenant, by: Visitor, assertion: string) {
  let row: ClientRow | undefined;
  try {
    row = await verifiedClient(tenant, assertion);
    if (row.revoked_on !== null) throw revoked();
    const now = tenant.now();
    await recordClientUse(tenant.store, row.id, iso(now));
    await tenant.audit.record({
      event: 'client-token.issued',
      actor: actorOf(principalOf(row)),
      subject: `client:${row.id}`,
      outcome: 'allowed',
      correlationId: by.correlationId,
    });
    return {
      token_type: 'Bearer',
      expires_in: TOKEN_SECONDS,
      access_token: await new SignJWT({ client_id: row.id, scope: row.scope })
        .setProtectedHeader({ alg: 'RS256', typ: TOKEN_TYPE, kid: tenant.keys.signing.kid })
        .setIssuer(issuerOf(tenant))
        .setAudience(ADMINISTRATION)
        .setSubject(row.id)
        .setIssuedAt(now)
        .setExpirationTime(later(now, TOKEN_SECONDS))
        .sign(tenant.keys.signing.privateKey),
    };
  } catch (error) {
    if (error instanceof TenantError) {
      const event = {
        event: 'client-token.refused',
        actor: row === undefined ? 'unknown' : actorOf(principalOf(row)),
        subject: row === undefined ? 'client-token' : `client:${row.id}`,
        outcome: 'denied',
        reason: error.code,
        correlationId: by.correlationId,
      } as const;
      await (row === undefined ? tenant.strangers.refused(by.source, event) : tenant.audit.record(event));
    }
    throw error;
  }
}

/** The client whose key signed this for this tenant, now, for the first time. */
async function verifiedClient(tenant: Tenant, assertion: string): Promise<ClientRow> {
  try {
    const { sub } = decodeJwt(assertion);
    const row = sub !== undefined && GUID.test(sub) ? await clientById(tenant.store, sub) : undefined;
    if (row === undefined) throw invalidAssertion('unknown client');
    const jwk = JSON.parse(row.public_jwk) as JWK; // we wrote it
    const { payload } = await jwtVerify(assertion, await importJWK(jwk, CLIENT_ALGORITHMS[0]), {
      algorithms: CLIENT_ALGORITHMS,
      issuer: row.id,
      subject: row.id,
      audience: issuerOf(tenant),
      currentDate: tenant.now(),
      maxTokenAge: LONGEST_ASSERTION_SECONDS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'iat', 'jti'],
    });
    const { jti = '', exp = 0, iat = 0 } = payload;
    if (exp - iat > LONGEST_ASSERTION_SECONDS || jti.length > 128) throw invalidAssertion('lifetime or jti');
    const spent = {
      nonce_hash: sha256(`${row.id} ${jti}`),
      use: 'client-assertion',
      expires_on: iso(new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1000)),
    };
    if (!(await insertSpent(tenant.store, [spent]))) throw invalidAssertion('used before');
    return row;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError || error instanceof TypeError)
      throw invalidAssertion(String(error));
    throw error;
  }
}

/**
 * The client of a bearer token.
 *
 * @throws TenantError `token-invalid`, `client-revoked`
 */
export const byClientToken: Authenticator = async (tenant, request) => {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const invalid = (cause: string) =>
    new TenantError('token-invalid', 'The access token is over, or not for this. Ask for a new one.', {
      cause,
    });
  const token = /^Bearer ([\w.-]{1,4096})$/i.exec(header)?.[1];
  if (token === undefined) throw invalid('no bearer token');
  try {
    const { payload } = await jwtVerify(token, tenant.keys.signing.jwk, {
      algorithms: ['RS256'],
      typ: TOKEN_TYPE,
      audience: ADMINISTRATION,
      issuer: issuerOf(tenant),
      currentDate: tenant.now(),
      requiredClaims: ['exp', 'sub', 'client_id'],
    });
    const row = await clientById(tenant.store, payload.sub ?? '');
    if (row === undefined) throw invalid('client is gone');
    if (row.revoked_on !== null) throw revoked();
    return principalOf(row);
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) throw invalid(error.code);
    throw error;
  }
};

const principalOf = (row: ClientRow): Principal => ({
  kind: 'client',
  id: row.id,
  name: row.name,
  scope: scopeOf(row),
});

const revoked = () =>
  new TenantError(
    'client-revoked',
    'This client was revoked. If that was not meant, have an administrator invite it again: `kennel client invite`.',
  );
