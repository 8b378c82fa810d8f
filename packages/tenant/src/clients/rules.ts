/**
 * Clients: programs that run away from the tenant and prove themselves with a key of their own, which they made and
 * which never leaves them. An invitation, good once and for an hour, says what the client will be good for.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, errors as joseErrors, jwtVerify } from 'jose';
import type { ClientScope } from '../access/principal.ts';
import type { AuditEventName } from '../audit/rules.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { isUniqueViolation } from '../store/errors.ts';
import type { ClientRow } from '../store/schema.ts';
import { type Caller, issuerOf, type Tenant, type Visitor } from '../tenant.ts';
import { iso, later } from '../time.ts';
import * as queries from './queries.ts';
import { clientName, type EnrolledClient, type Invitation, type newInvitation } from './schema.ts';

/** The signatures that a client may make: ECDSA with P-256. */
export const CLIENT_ALGORITHMS = ['ES256'];
const TOKEN_BYTES = 32;
/** How long what a client signs may be good, in seconds. */
export const LONGEST_ASSERTION_SECONDS = 300;

export async function invite(
  tenant: Tenant,
  by: Caller,
  given: ReturnType<typeof newInvitation.parse>,
): Promise<Invitation> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const domain = given.scope === 'connector' ? given.domain : null;
  const expiresOn = iso(later(tenant.now(), given.minutes * 60));
  await queries.insertInvitation(tenant.store, {
    token_hash: sha256(token),
    scope: given.scope,
    domain,
    expires_on: expiresOn,
  });
  await record(tenant, by, 'client.invited', `scope:${scopeText(given.scope, domain)}`);
  return { token, scope: given.scope, domain, expiresOn };
}

/**
 * Enrols the key that signed the request, for the scope of its invitation.
 *
 * @throws TenantError `enrolment-token-invalid`, `client-assertion-invalid`, `client-exists`
 */
export async function enrol(tenant: Tenant, by: Visitor, request: string): Promise<EnrolledClient> {
  const { correlationId, source } = by;
  try {
    const { name, token, jwk } = await readRequest(tenant, request);
    const now = iso(tenant.now());
    const thumbprint = await calculateJwkThumbprint(jwk);
    const { kty, crv, x, y } = jwk;
    const row = await queries
      .enrolWith(tenant.store, sha256(token), now, (invitation) => ({
        id: randomUUID(),
        name,
        scope: invitation.scope,
        domain: invitation.domain,
        public_jwk: JSON.stringify({ kty, crv, x, y }),
        thumbprint,
        enrolled_on: now,
        last_used_on: null,
        revoked_on: null,
      }))
      .catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
        throw new TenantError(
          'client-exists',
          'This key is enrolled already. Make a new one to enrol again.',
        );
      });
    if (row === undefined) {
      throw new TenantError(
        'enrolment-token-invalid',
        'This enrolment token is unknown, used or over. Ask an administrator for a new one: `kennel client invite`.',
      );
    }
    const caller = { actor: `client:${name}`, correlationId };
    await record(tenant, caller, 'client.enrolled', `client:${row.id} ${scopeText(row.scope, row.domain)}`);
    return toClient(row);
  } catch (error) {
    if (error instanceof TenantError) {
      await tenant.strangers.refused(source, {
        event: 'client.enrolment-refused',
        actor: 'unknown',
        subject: 'enrolment',
        outcome: 'denied',
        reason: error.code,
        correlationId,
      });
    }
    throw error;
  }
}

/** What was signed, with the key that signed it: it holds the private part, or the signature would not verify. */
async function readRequest(
  tenant: Tenant,
  request: string,
): Promise<{ name: string; token: string; jwk: JWK }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(request, EmbeddedJWK, {
      algorithms: CLIENT_ALGORITHMS,
      audience: issuerOf(tenant),
      currentDate: tenant.now(),
      maxTokenAge: LONGEST_ASSERTION_SECONDS,
      clockTolerance: 60,
      requiredClaims: ['exp', 'iat', 'sub', 'enrolment_token'],
    });
    const name = clientName.safeParse(payload.sub);
    const { enrolment_token: token } = payload;
    const { jwk } = protectedHeader;
    if (!name.success || typeof token !== 'string' || token.length > 64 || jwk === undefined) {
      throw invalidAssertion('claims');
    }
    return { name: name.data, token, jwk };
  } catch (error) {
    if (error instanceof joseErrors.JOSEError || error instanceof TypeError)
      throw invalidAssertion(String(error));
    throw error;
  }
}

export async function listClients(tenant: Tenant): Promise<EnrolledClient[]> {
  return (await queries.listClients(tenant.store)).map(toClient);
}

/**
 * Revokes by id, or by name where one client that is not revoked has it. It is refused from its next request on.
 *
 * @throws TenantError `client-not-found`
 */
export async function revokeClient(tenant: Tenant, by: Caller, name: string): Promise<EnrolledClient> {
  const rows = (await queries.listClients(tenant.store)).filter(({ revoked_on }) => revoked_on === null);
  const found = rows.filter((row) => row.id === name.toLowerCase() || row.name === name);
  const [row] = found;
  if (row === undefined || found.length > 1) {
    throw new TenantError(
      'client-not-found',
      row === undefined
        ? `There is no client ${name} that is not revoked. \`kennel client list\` shows them all.`
        : `${found.length} clients are called ${name}. Give the id, which \`kennel client list\` shows.`,
    );
  }
  const now = iso(tenant.now());
  await queries.revoke(tenant.store, row.id, now);
  await record(tenant, by, 'client.revoked', `client:${row.id} ${row.name}`);
  return toClient({ ...row, revoked_on: now });
}

export const invalidAssertion = (cause: string) =>
  new TenantError(
    'client-assertion-invalid',
    "What the client signed is not for this tenant, is over or was used before. Check the client's clock and the tenant's address; if both are right, enrol it again.",
    { cause },
  );

/** A client's scope, as its row says it. */
export function scopeOf(row: ClientRow): ClientScope {
  return row.scope === 'connector' && row.domain !== null
    ? { kind: 'connector', domain: row.domain }
    : { kind: 'administrator' };
}

const scopeText = (scope: string, domain: string | null) => (domain === null ? scope : `${scope}:${domain}`);

function toClient(row: ClientRow): EnrolledClient {
  return {
    id: row.id,
    name: row.name,
    scope: scopeOf(row).kind,
    domain: row.domain,
    thumbprint: row.thumbprint,
    enrolledOn: row.enrolled_on,
    lastUsedOn: row.last_used_on,
    revokedOn: row.revoked_on,
  };
}

function record(tenant: Tenant, by: Caller, event: AuditEventName, subject: string): Promise<void> {
  return tenant.audit.record({ ...by, event, subject, outcome: 'allowed' });
}
