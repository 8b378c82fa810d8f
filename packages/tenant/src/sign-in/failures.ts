/**
 * What a browser tells of a ceremony that failed on its side, where the tenant saw nothing: it goes into the log of
 * ceremonies, and the trace id of the answer is shown to the person. Only for ceremonies that were begun here.
 */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CEREMONY_EVENTS } from '../ceremonies/events.ts';
import { recordCeremony } from '../ceremonies/rules.ts';
import { clientReport } from '../ceremonies/schema.ts';
import { TenantError } from '../errors.ts';
import { isFreshNonce } from '../nonce/rules.ts';
import type { Routes } from '../server/fastify.ts';
import { sessionOf } from '../sessions/rules.ts';
import { allowedOrigins, type Tenant } from '../tenant.ts';
import { browserOf, signInBinding } from './browser.ts';

export const ceremonyFailure = z.strictObject({
  ceremony: z.enum(['registration', 'assertion']),
  challenge: z.string().min(1).max(512),
  /** What the page made of it, in one of its own words. */
  kind: z.string().regex(/^[a-z][a-z-]{0,31}$/),
  clientError: clientReport.shape.clientError,
  elapsedMs: clientReport.shape.elapsedMs,
});

export function failureRoutes(app: Routes, tenant: Tenant): void {
  app.post('/ceremony-failures', { schema: { body: ceremonyFailure } }, async (request) => {
    const { challenge } = request.body;
    const session = await sessionOf(tenant, request);
    const browser = browserOf(request);
    const nonce = Buffer.from(challenge, 'base64url').toString('latin1');
    const begunHere = browser !== undefined && isFreshNonce(tenant, nonce, signInBinding(browser));
    if (session === undefined && !begunHere) {
      throw new TenantError('challenge-unknown', 'This ceremony was not begun here, or is over.');
    }
    return noteFailure(tenant, request, request.body, session?.user.id);
  });
}

/** @returns what the page shows of it */
export function noteFailure(
  tenant: Tenant,
  { id: traceId, headers: { origin } }: FastifyRequest,
  { ceremony, challenge, kind, clientError, elapsedMs }: z.infer<typeof ceremonyFailure>,
  userId: string | undefined,
): { traceId: string } {
  const isRegistration = ceremony === 'registration';
  recordCeremony(tenant, {
    event: isRegistration ? CEREMONY_EVENTS.REGISTRATION_FAILED : CEREMONY_EVENTS.ASSERTION_FAILED,
    purpose: isRegistration ? 'key-registration' : 'web',
    traceId,
    challenge,
    userId,
    origin: allowedOrigins(tenant).find((known) => known === origin),
    reason: kind,
    clientError,
    elapsedMs,
  });
  return { traceId };
}
