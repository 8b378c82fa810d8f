/** The security keys of a user, over the admin socket. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import { allowedOrigins, type Tenant } from '../tenant.ts';
import { userParams } from '../users/routes.ts';
import { listKeys, removeKey } from './keys.ts';
import { registerKey, registrationOptions } from './registration.ts';
import { keyRegistration, registrationOptionsRequest } from './schema.ts';

const keyParams = userParams.extend({ key: z.string().min(1).max(1364) });

export function keyRoutes(app: Routes, tenant: Tenant): void {
  app.post(
    '/users/:user/keys/options',
    { schema: { params: userParams, body: registrationOptionsRequest } },
    async (request) => ({
      publicKey: await registrationOptions(
        tenant,
        callerOf(request),
        request.params.user,
        request.body.challengeTimeoutInMinutes,
      ),
      origin: allowedOrigins(tenant)[0],
    }),
  );
  app.post('/users/:user/keys', { schema: { params: userParams, body: keyRegistration } }, (request) =>
    registerKey(tenant, callerOf(request), request.params.user, request.body),
  );
  app.get('/users/:user/keys', { schema: { params: userParams } }, ({ params }) =>
    listKeys(tenant, params.user),
  );
  app.delete('/users/:user/keys/:key', { schema: { params: keyParams } }, async (request) => {
    await removeKey(tenant, callerOf(request), request.params.user, request.params.key);
    return {};
  });
}
