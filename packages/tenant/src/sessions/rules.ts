/**
 * Sessions in a browser. The token is opaque and the store has its hash; it ends an hour after its last use, twelve
 * hours after its beginning, and with the user, the key or the pass, or what policy says of the key: these are looked up anew at
 * every request.
 */

import { randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/guard.ts';
import type { AuditEvent } from '../audit/rules.ts';
import type { Work } from '../audit/trail.ts';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import { passPolicyOf, usability } from '../passes/policy.ts';
import { passOfUser } from '../passes/queries.ts';
import type { RedeemedPass } from '../passes/redeem.ts';
import { keyPolicyOf } from '../policy/effective.ts';
import { refusalToday } from '../policy/keys.ts';
import { readCookie } from '../server/cookies.ts';
import type { UserRow } from '../store/schema.ts';
import type { ProofMethod, WebSessionRow } from '../store/sign-in-rows.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { maySignIn } from '../users/may-sign-in.ts';
import { userById } from '../users/queries.ts';
import { credentialWithUser } from '../webauthn/key-with-user.ts';
import * as queries from './queries.ts';

export const SESSION_COOKIE = '__Host-kennel-session';
const IDLE_SECONDS = 3600;
const ABSOLUTE_SECONDS = 12 * 3600;
/** `seen_on` is written once in this time, so that not every request writes. */
const SEEN_EVERY_SECONDS = 60;
const SESSIONS_OF_A_USER = 20;

/** What was shown to prove who someone is. */
export interface Proof {
  user: UserRow;
  method: ProofMethod;
  /** Null where it was a pass. */
  credentialId: string | null;
  pass?: RedeemedPass;
}

/** A proof that was just given. */
export interface FreshProof extends Proof {
  /** Does what it permits, in one commit with what makes it count; see {@link ProvenAssertion}. */
  accept<T>(work: Work<T>): Promise<T>;
}

/** A proof with which nothing else is to be written. */
export const fresh = (tenant: Tenant, proof: Proof): FreshProof => ({
  ...proof,
  accept: (work) => tenant.audit.decide(work),
});

export interface Session {
  row: WebSessionRow;
  user: UserRow;
}

/** Begins a session for who was proven to be there, in the audit; the result is its token, for the cookie. */
export function beginSession(
  tenant: Tenant,
  { correlationId }: Pick<Caller, 'correlationId'>,
  proof: FreshProof,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const now = tenant.now();
  const row: WebSessionRow = {
    token_hash: sha256(token),
    user_id: proof.user.id,
    method: proof.method,
    credential_id: proof.credentialId,
    pass_id: proof.pass?.passId ?? null,
    created_on: iso(now),
    proven_on: iso(now),
    seen_on: iso(now),
    expires_on: iso(later(now, ABSOLUTE_SECONDS)),
  };
  const begun: AuditEvent = {
    event: 'session.begun',
    actor: `user:${proof.user.id}`,
    subject: `session:${proof.method}`,
    outcome: 'allowed',
    correlationId,
  };
  return proof.accept(async (store) => {
    await queries.insertSession(store, row);
    return { result: token, events: [begun] };
  });
}

/** The session of a request; undefined where there is none that is good at this moment. */
export async function sessionOf(
  tenant: Tenant,
  request: Pick<FastifyRequest, 'headers'>,
): Promise<Session | undefined> {
  const token = readCookie(request.headers.cookie, SESSION_COOKIE);
  if (token === undefined) return undefined;
  const now = tenant.now();
  const row = await queries.sessionByHash(tenant.store, sha256(token), iso(now));
  if (row === undefined || row.seen_on < iso(later(now, -IDLE_SECONDS))) return undefined;
  const user = await userById(tenant.store, row.user_id);
  if (user === undefined || !(await maySignIn(tenant, user)) || !(await isKeyGood(tenant, row))) {
    // Over for good: who is told so, and leaves, leaves nothing behind that a later change could revive.
    await queries.deleteSession(tenant.store, row.token_hash);
    return undefined;
  }
  if (!(await isPassGood(tenant, row))) return undefined;
  if (row.seen_on < iso(later(now, -SEEN_EVERY_SECONDS))) {
    await queries.updateSession(tenant.store, row.token_hash, { seen_on: iso(now) });
  }
  return { row, user };
}

/** A key that was removed, or that policy has since refused, takes its sessions with it. */
async function isKeyGood(tenant: Tenant, { credential_id: id }: WebSessionRow): Promise<boolean> {
  if (id === null) return true;
  const found = await credentialWithUser(tenant.store, id);
  if (found === undefined || found.credential.removed_on !== null) return false;
  const policy = await keyPolicyOf(tenant, found.credential.user_id);
  return refusalToday(tenant, policy, found.credential) === undefined;
}

/** A pass that was replaced, removed or used up takes its session with it. */
async function isPassGood(tenant: Tenant, { pass_id: id, user_id }: WebSessionRow): Promise<boolean> {
  if (id === null) return true;
  const pass = await passOfUser(tenant.store, user_id);
  const policy = await passPolicyOf(tenant);
  return pass?.id === id && usability(pass, policy, iso(tenant.now())) === 'EnabledByPolicy';
}

/** The session of a page that needs one. @throws TenantError `session-over` */
export async function requireSession(
  tenant: Tenant,
  request: Pick<FastifyRequest, 'headers'>,
): Promise<Session> {
  const session = await sessionOf(tenant, request);
  if (session === undefined) {
    throw new TenantError('session-over', 'You are not signed in, or were away for too long. Sign in again.');
  }
  return session;
}

/** Notes that the person has just proven themselves again. */
export async function renewProof(
  tenant: Tenant,
  session: Session,
  proof: FreshProof,
  ...events: AuditEvent[]
): Promise<void> {
  const changes = {
    proven_on: iso(tenant.now()),
    method: proof.method,
    credential_id: proof.credentialId,
    pass_id: null,
  };
  await proof.accept(async (store) => {
    await queries.updateSession(store, session.row.token_hash, changes);
    return { result: undefined, events };
  });
}

export async function endSession(tenant: Tenant, session: Session): Promise<void> {
  await queries.deleteSession(tenant.store, session.row.token_hash);
}

/** Forgets sessions that are over, and the oldest of who has very many. */
export async function purgeSessions(tenant: Pick<Tenant, 'store' | 'now'>): Promise<void> {
  const now = tenant.now();
  await queries.purgeSessions(tenant.store, iso(now), iso(later(now, -IDLE_SECONDS)));
  await queries.trimSessions(tenant.store, SESSIONS_OF_A_USER);
}

/** For the guard of the administrators' routes. A pass is for registering a key: it makes nobody an administrator. */
export const bySession: Authenticator = async (tenant, request) => {
  const session = await sessionOf(tenant, request);
  if (session === undefined) return undefined;
  return {
    kind: 'user',
    id: session.user.id,
    role: session.row.method === 'fido' ? session.user.role : 'user',
    authenticatedAt: new Date(session.row.proven_on),
  };
};
