/**
 * Authorization codes and refresh tokens (RFC 6749 sections 4.1.2 and 6). A code is good once and for five minutes; a
 * refresh token once and for a day, and brings the next one. Whoever uses either a second time ends all that came of
 * that sign-in: one of the two was a thief.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AuditEvent, Audited } from '../audit/rules.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { checkKeyPolicy } from '../policy/keys.ts';
import type { FreshProof, Proof } from '../sessions/rules.ts';
import type { ClientTarget } from '../sign-in/flow.ts';
import type { AuthorizationCodeRow, RefreshTokenRow } from '../store/sign-in-rows.ts';
import type { Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { checkMaySignIn } from '../users/may-sign-in.ts';
import { userById } from '../users/queries.ts';
import { credentialWithUser } from '../webauthn/key-with-user.ts';
import * as queries from './queries.ts';

const CODE_SECONDS = 300;
const REFRESH_SECONDS = 24 * 3600;
/** After a Temporary Access Pass, from the sign-in on. */
const REFRESH_SECONDS_OF_PASS = 3600;

/** A code for someone who has proven themselves, just now unless `provenOn` (ISO 8601) says when; in the audit. */
export async function issueCode(
  tenant: Tenant,
  audited: Audited,
  proof: FreshProof,
  target: ClientTarget,
  provenOn?: string,
): Promise<string> {
  const code = randomBytes(32).toString('base64url');
  const now = tenant.now();
  const issued: AuditEvent = { ...audited, event: 'code.issued', outcome: 'allowed' };
  const row: AuthorizationCodeRow = {
    code_hash: sha256(code),
    user_id: proof.user.id,
    method: proof.method,
    credential_id: proof.credentialId,
    client_id: target.clientId,
    redirect_uri: target.redirectUri,
    code_challenge: target.codeChallenge,
    scope: target.scope,
    resource: target.resource,
    nonce: target.nonce,
    proven_on: provenOn ?? iso(now),
    expires_on: iso(later(now, CODE_SECONDS)),
    used: 0,
  };
  return proof.accept(async (store) => {
    await queries.insertCode(store, row);
    return { result: code, events: [issued] };
  });
}

/**
 * What a code was given for; it is used up by this.
 *
 * @throws TenantError `code-invalid`, `pkce-wrong`, `user-disabled`, `key-removed`, and those of the policy
 */
export async function redeemCode(
  tenant: Tenant,
  given: { code: string; clientId: string; redirectUri: string | undefined; verifier: string | undefined },
): Promise<{ proof: Proof; row: AuthorizationCodeRow }> {
  const hash = sha256(given.code);
  const row = await queries.codeByHash(tenant.store, hash);
  const invalid = (cause: string) =>
    new TenantError('code-invalid', 'This code is not good, or was used before. Sign in again.', { cause });
  if (row === undefined) throw invalid('unknown');
  if (row.client_id !== given.clientId) throw invalid('client');
  if (row.redirect_uri !== given.redirectUri) throw invalid('redirect_uri');
  if (!(await queries.useCode(tenant.store, hash))) {
    await queries.deleteFamily(tenant.store, hash);
    throw invalid('used before');
  }
  if (row.expires_on < iso(tenant.now())) throw invalid('expired');
  checkVerifier(row.code_challenge, given.verifier);
  return { proof: await proofAgain(tenant, row), row };
}

/** RFC 7636 section 4.6. */
function checkVerifier(challenge: string | null, verifier: string | undefined): void {
  if (challenge === null && verifier === undefined) return;
  const hash = createHash('sha256')
    .update(verifier ?? '')
    .digest();
  const expected = Buffer.from(challenge ?? '', 'base64url');
  if (challenge === null || expected.length !== hash.length || !timingSafeEqual(hash, expected)) {
    throw new TenantError(
      'pkce-wrong',
      'The code_verifier does not belong to this code. Sign in again from the program that began it.',
    );
  }
}

export async function issueRefreshToken(
  tenant: Tenant,
  proof: Proof,
  grant: Pick<RefreshTokenRow, 'family' | 'client_id' | 'scope' | 'proven_on'>,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await queries.insertRefreshToken(tenant.store, {
    token_hash: sha256(token),
    family: grant.family,
    user_id: proof.user.id,
    method: proof.method,
    credential_id: proof.credentialId,
    client_id: grant.client_id,
    scope: grant.scope,
    proven_on: grant.proven_on,
    expires_on: iso(
      proof.method === 'pass'
        ? later(new Date(grant.proven_on), REFRESH_SECONDS_OF_PASS)
        : later(tenant.now(), REFRESH_SECONDS),
    ),
    used: 0,
  });
  return token;
}

/**
 * Whose refresh token it is; it is used up by this.
 *
 * @throws TenantError `refresh-token-invalid`, `user-disabled`, `key-removed`, and those of the policy
 */
export async function redeemRefreshToken(
  tenant: Tenant,
  token: string,
  clientId: string,
): Promise<{ proof: Proof; row: RefreshTokenRow }> {
  const hash = sha256(token);
  const row = await queries.refreshTokenByHash(tenant.store, hash);
  const invalid = (cause: string) =>
    new TenantError('refresh-token-invalid', 'This refresh token is not good any more. Sign in again.', {
      cause,
    });
  if (row === undefined || row.client_id !== clientId) throw invalid('unknown');
  if (row.expires_on < iso(tenant.now())) throw invalid('expired');
  if (!(await queries.useRefreshToken(tenant.store, hash))) {
    await queries.deleteFamily(tenant.store, row.family);
    throw invalid('used before');
  }
  return { proof: await proofAgain(tenant, row), row };
}

/** The proof of then, where it would still count today. */
async function proofAgain(
  tenant: Tenant,
  row: Pick<AuthorizationCodeRow, 'user_id' | 'method' | 'credential_id'>,
): Promise<Proof> {
  const user = await userById(tenant.store, row.user_id);
  if (user === undefined) {
    throw new TenantError('user-disabled', 'Your account is gone. Ask your administrator.');
  }
  await checkMaySignIn(tenant, user);
  if (row.credential_id !== null) {
    const found = await credentialWithUser(tenant.store, row.credential_id);
    if (found === undefined || found.credential.removed_on !== null) {
      throw new TenantError(
        'key-removed',
        'The security key of this sign-in was removed. Sign in with another key.',
      );
    }
    await checkKeyPolicy(tenant, found.credential);
  }
  return { user, method: row.method, credentialId: row.credential_id };
}
