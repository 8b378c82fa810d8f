/** Users, over the admin socket. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import { onPremisesAccount } from '../sync/account.ts';
import type { Tenant } from '../tenant.ts';
import { listUsers } from './queries.ts';
import * as rules from './rules.ts';
import { newUser, userChanges, userRole } from './schema.ts';

export const userParams = z.object({ user: z.string().min(1).max(320) });
/** A page: what comes after the last one of the page before. */
export const pageQuery = z.object({
  after: z.string().max(320).default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(1000),
});

export function userRoutes(app: Routes, tenant: Tenant): void {
  const byName = { params: userParams };
  app.post('/users', { schema: { body: newUser } }, (request) =>
    rules.createUser(tenant, callerOf(request), request.body),
  );
  app.get('/users', { schema: { querystring: pageQuery } }, async ({ query }) =>
    (await listUsers(tenant.store, query.after.toLowerCase(), query.limit)).map(rules.toUser),
  );
  app.get('/users/:user', { schema: byName }, async ({ params }) =>
    rules.toUser(await rules.findUser(tenant.store, params.user)),
  );
  app.get('/users/:user/account', { schema: byName }, async ({ params }) => ({
    account: await onPremisesAccount(tenant, await rules.findUser(tenant.store, params.user)),
  }));
  app.patch('/users/:user', { schema: { ...byName, body: userChanges } }, (request) =>
    rules.updateUser(tenant, callerOf(request), request.params.user, request.body),
  );
  app.put('/users/:user/role', { schema: { ...byName, body: userRole } }, (request) =>
    rules.setRole(tenant, callerOf(request), request.params.user, request.body.role),
  );
  app.delete('/users/:user/sign-ins', { schema: byName }, async (request) => {
    await rules.signOutEverywhere(tenant, callerOf(request), request.params.user);
    return {};
  });
  app.delete('/users/:user', { schema: byName }, async (request) => {
    await rules.removeUser(tenant, callerOf(request), request.params.user);
    return {};
  });
}
