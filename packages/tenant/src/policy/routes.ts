/** Policies for security keys, over the admin socket. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { findUser } from '../users/rules.ts';
import { keyPolicyOf } from './effective.ts';
import { acceptedModels } from './keys.ts';
import * as rules from './rules.ts';
import { keyPolicyChanges, policyOrder } from './schema.ts';

const policyParams = z.object({ policy: z.string().min(1).max(256) });
const forUser = z.object({ user: z.string().min(1).max(320).optional() });

export function policyRoutes(app: Routes, tenant: Tenant): void {
  const byName = { params: policyParams };
  /** The policy of a user, or the default. */
  const policyFor = async (user: string | undefined) =>
    user === undefined
      ? rules.showKeyPolicy(tenant, 'default')
      : keyPolicyOf(tenant, (await findUser(tenant.store, user)).id);

  app.get('/key-policies', { schema: {} }, () => rules.listKeyPolicies(tenant));
  app.put('/key-policies', { schema: { body: policyOrder } }, (request) =>
    rules.orderKeyPolicies(tenant, callerOf(request), request.body.groups),
  );
  app.get('/key-policies/:policy', { schema: byName }, ({ params }) =>
    rules.showKeyPolicy(tenant, params.policy),
  );
  app.patch('/key-policies/:policy', { schema: { ...byName, body: keyPolicyChanges } }, (request) =>
    rules.changeKeyPolicy(tenant, callerOf(request), request.params.policy, request.body),
  );
  app.delete('/key-policies/:policy', { schema: byName }, async (request) => {
    await rules.removeKeyPolicy(tenant, callerOf(request), request.params.policy);
    return {};
  });
  app.get('/effective-key-policy', { schema: { querystring: forUser } }, ({ query }) =>
    policyFor(query.user),
  );
  app.get('/accepted-key-models', { schema: { querystring: forUser } }, async ({ query }) =>
    acceptedModels(tenant, await policyFor(query.user)),
  );
}
