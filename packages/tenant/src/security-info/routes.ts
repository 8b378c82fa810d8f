/** One's own account, for the pages of the application; behind the guard, for whoever has a session. */
import { callerOf } from '../access/guard.ts';
import { keyPolicyOf } from '../policy/effective.ts';
import { acceptedModels } from '../policy/keys.ts';
import { clearCookie } from '../server/cookies.ts';
import type { Routes } from '../server/fastify.ts';
import { endSession, requireSession, SESSION_COOKIE } from '../sessions/rules.ts';
import { browserInWords } from '../sign-in/user-agent.ts';
import type { Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { signOutEverywhere } from '../users/rules.ts';
import { renameKey } from '../webauthn/keys.ts';
import { registrationOptions } from '../webauthn/registration.ts';
import { keyRegistration } from '../webauthn/schema.ts';
import * as rules from './rules.ts';
import {
  type AcceptedKeys,
  keyParams,
  type OwnSession,
  proof,
  proofOptionsRequest,
  removal,
  renaming,
} from './schema.ts';

const FRESH_SECONDS = 300;
const CEREMONY_TIMEOUT = 120_000;
/** Any user's, and of those a fresh proof. */
const own = { access: ['user'] } as const;
const ownFresh = { access: ['user'], fresh: true } as const;

export function securityInfoRoutes(app: Routes, tenant: Tenant): void {
  app.get('/session', { schema: {}, config: own }, async (request): Promise<OwnSession> => {
    const { row, user } = await requireSession(tenant, request);
    const freshUntil = later(new Date(row.proven_on), FRESH_SECONDS);
    return {
      tenantName: tenant.config.tenantName,
      user: {
        id: user.id,
        userPrincipalName: user.user_principal_name,
        displayName: user.display_name,
        role: row.method === 'fido' ? user.role : 'user',
      },
      method: row.method,
      freshUntil: freshUntil > tenant.now() ? iso(freshUntil) : null,
      expiresOn: row.expires_on,
    };
  });

  app.delete('/session', { schema: {}, config: own }, async (request, reply) => {
    const session = await requireSession(tenant, request);
    await endSession(tenant, session);
    const subject = `user:${session.user.id}`;
    await tenant.audit.record({ ...callerOf(request), event: 'session.ended', subject, outcome: 'allowed' });
    return reply.header('set-cookie', clearCookie(SESSION_COOKIE)).send({});
  });

  app.delete('/sign-ins', { schema: {}, config: own }, async (request, reply) => {
    const { user } = await requireSession(tenant, request);
    await signOutEverywhere(tenant, callerOf(request), user.id);
    return reply.header('set-cookie', clearCookie(SESSION_COOKIE)).send({});
  });

  app.post('/proof/options', { schema: { body: proofOptionsRequest }, config: own }, async (request) =>
    rules.proofOptions(tenant, await requireSession(tenant, request), request.body.removing),
  );

  app.post('/proof', { schema: { body: proof }, config: own }, async (request) => {
    const session = await requireSession(tenant, request);
    const where = browserInWords(request.headers['user-agent']);
    await rules.renewSession(tenant, callerOf(request), session, { ...request.body, where });
    return {};
  });

  app.get('/keys', { schema: {}, config: own }, async (request) =>
    rules.ownKeys(tenant, await requireSession(tenant, request)),
  );

  app.post('/keys/options', { schema: {}, config: ownFresh }, async (request) => {
    const { user, row } = await requireSession(tenant, request);
    const options = await registrationOptions(tenant, callerOf(request), user.id, undefined, row.token_hash);
    return { ...options, timeout: CEREMONY_TIMEOUT };
  });

  app.post('/keys', { schema: { body: keyRegistration }, config: ownFresh }, async (request) => {
    const session = await requireSession(tenant, request);
    return rules.registerOwnKey(tenant, callerOf(request), session, request.body);
  });

  app.patch('/keys/:key', { schema: { params: keyParams, body: renaming }, config: own }, async (request) => {
    const { user } = await requireSession(tenant, request);
    const { displayName } = request.body;
    await renameKey(tenant, callerOf(request), user.id, request.params.key, displayName);
    return {};
  });

  app.delete('/keys/:key', { schema: { params: keyParams, body: removal }, config: own }, async (request) => {
    const session = await requireSession(tenant, request);
    const { key } = request.params;
    const { assertion, lastKeyConfirmed } = request.body;
    const where = browserInWords(request.headers['user-agent']);
    const given = { key, assertion, lastKeyConfirmed, where };
    await rules.removeOwnKey(tenant, callerOf(request), session, given);
    return {};
  });

  app.get('/accepted-keys', { schema: {}, config: own }, async (request): Promise<AcceptedKeys> => {
    const { user } = await requireSession(tenant, request);
    const { policy, attestationRequired, models } = acceptedModels(
      tenant,
      await keyPolicyOf(tenant, user.id),
    );
    const { selfService, passkeyTypes, minimumCertificationLevel, transports } = policy;
    return { selfService, attestationRequired, passkeyTypes, minimumCertificationLevel, transports, models };
  });
}
