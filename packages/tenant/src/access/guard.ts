/**
 * Who may call which route: nobody, unless an authenticator proves who asks and the route grants that one a right.
 * A route says what it needs in `config.access`; one that says nothing is for administrators.
 */
import type { FastifyRequest } from 'fastify';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import { allowedOrigins, type Caller, type Tenant } from '../tenant.ts';
import { actorOf, type Principal, type Right, rightsOf } from './principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard before a route runs. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** Any of these rights opens the route; an administrator's unless given. */
    access?: readonly Right[];
    /**
     * A person must have shown their security key within the last minutes. Programs have no such moment. Unless it is
     * given, whatever changes something by an administrator's right asks for it.
     */
    fresh?: boolean;
  }
}

/**
 * Finds out who asks; undefined where the request bears nothing of its kind.
 *
 * @throws TenantError where it bears something that is no good
 */
export type Authenticator = (tenant: Tenant, request: FastifyRequest) => Promise<Principal | undefined>;

/** How old a person's proof may be for a route that wants a fresh one, in milliseconds. */
const FRESH_MS = 5 * 60_000;
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD'];

/** Whoever may open the admin socket is an administrator. */
export const bySocket: Authenticator = async () => ({ kind: 'socket' });

/** Guards all routes that are added to this scope afterwards, before their bodies are read. */
export function guard(scope: Routes, tenant: Tenant, authenticators: readonly Authenticator[]): void {
  if (!scope.hasRequestDecorator('principal')) scope.decorateRequest('principal', null);
  scope.addHook('onRequest', async (request) => {
    try {
      request.principal = await authenticate(tenant, request, authenticators);
      authorise(tenant, request, request.principal);
    } catch (error) {
      if (error instanceof TenantError) await recordRefusal(tenant, request, error);
      throw error;
    }
  });
}

async function authenticate(
  tenant: Tenant,
  request: FastifyRequest,
  authenticators: readonly Authenticator[],
): Promise<Principal> {
  for (const authenticator of authenticators) {
    const principal = await authenticator(tenant, request);
    if (principal !== undefined) return principal;
  }
  const { access = [] } = request.routeOptions.config;
  throw new TenantError(
    'authentication-required',
    access.includes('user')
      ? 'You are not signed in, or were away for too long. Sign in again.'
      : 'This needs an administrator or an enrolled client. Enrol one with `kennel client enroll`, or run the command on the tenant itself.',
  );
}

function authorise(tenant: Tenant, request: FastifyRequest, principal: Principal): void {
  const { access = ['administrator'], fresh } = request.routeOptions.config;
  const rights = rightsOf(principal);
  if (!access.some((right) => rights.includes(right))) {
    throw new TenantError(
      'right-missing',
      `This needs the right of ${access.join(' or ')}, which you do not have. Ask an administrator of the tenant.`,
      { rights },
    );
  }
  if (principal.kind !== 'user') return;
  // A browser sends a session along whoever asks it to: a change must come from the tenant's own pages.
  const { origin } = request.headers;
  const changes = !SAFE_METHODS.includes(request.method);
  if (changes && !(origin && allowedOrigins(tenant).includes(origin))) {
    throw new TenantError('right-missing', 'This change does not come from a page of this tenant.', {
      origin,
    });
  }
  const wantsProof = fresh ?? (changes && !access.includes('user'));
  if (wantsProof && tenant.now().getTime() - principal.authenticatedAt.getTime() > FRESH_MS) {
    throw new TenantError(
      'fresh-assertion-required',
      'This needs your security key once more. Confirm with it, then try again.',
    );
  }
}

/** Who is known gets a line of the audit for each refusal; strangers share. */
async function recordRefusal(tenant: Tenant, request: FastifyRequest, error: TenantError): Promise<void> {
  const { principal } = request;
  const event = {
    event: 'access.refused',
    actor: principal === null ? 'unknown' : actorOf(principal),
    subject: `route:${request.method} ${request.routeOptions.url ?? ''}`,
    outcome: 'denied',
    reason: error.code,
    correlationId: request.id,
  } as const;
  await (principal === null ? tenant.strangers.refused(request.ip, event) : tenant.audit.record(event));
}

/** Who asks, for a route behind the guard. */
export function principalOf(request: Pick<FastifyRequest, 'principal'>): Principal {
  if (request.principal === null) throw new Error('a route without a guard asked who calls');
  return request.principal;
}

/** Who asks, as rules and audit want it. */
export const callerOf = (request: Pick<FastifyRequest, 'principal' | 'id'>): Caller => ({
  actor: actorOf(principalOf(request)),
  correlationId: request.id,
});
