/** Temporary Access Passes, for administrators. */
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { userParams } from '../users/routes.ts';
import { changePassPolicy, passPolicyOf } from './policy.ts';
import * as rules from './rules.ts';
import { newPass, passPolicyChanges } from './schema.ts';

export function passRoutes(app: Routes, tenant: Tenant): void {
  const ofUser = { params: userParams };

  app.post('/users/:user/pass', { schema: { ...ofUser, body: newPass } }, (request) =>
    rules.createPass(tenant, callerOf(request), request.params.user, request.body),
  );
  app.get('/users/:user/pass', { schema: ofUser }, ({ params }) => rules.showPass(tenant, params.user));
  app.delete('/users/:user/pass', { schema: ofUser }, async (request) => {
    await rules.removePass(tenant, callerOf(request), request.params.user);
    return {};
  });
  app.get('/pass-policy', { schema: {} }, () => passPolicyOf(tenant));
  app.patch('/pass-policy', { schema: { body: passPolicyChanges } }, (request) =>
    changePassPolicy(tenant, callerOf(request), request.body),
  );
}
