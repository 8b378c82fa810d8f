/** Groups, over the admin socket. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { pageQuery } from '../users/routes.ts';
import { toUser } from '../users/rules.ts';
import { listGroups, listMembers } from './queries.ts';
import * as rules from './rules.ts';
import { newGroup } from './schema.ts';

const groupParams = z.object({ group: z.string().min(1).max(256) });
const memberParams = groupParams.extend({ user: z.string().min(1).max(320) });

export function groupRoutes(app: Routes, tenant: Tenant): void {
  const byName = { params: groupParams };
  const byMember = { params: memberParams };
  app.post('/groups', { schema: { body: newGroup } }, (request) =>
    rules.createGroup(tenant, callerOf(request), request.body),
  );
  app.get('/groups', { schema: {} }, async () => (await listGroups(tenant.store)).map(rules.toGroup));
  app.delete('/groups/:group', { schema: byName }, async (request) => {
    await rules.removeGroup(tenant, callerOf(request), request.params.group);
    return {};
  });
  app.get('/groups/:group/members', { schema: { ...byName, querystring: pageQuery } }, async (request) => {
    const { id } = await rules.findGroup(tenant.store, request.params.group);
    const { after, limit } = request.query;
    return (await listMembers(tenant.store, id, after.toLowerCase(), limit)).map(toUser);
  });
  app.put('/groups/:group/members/:user', { schema: byMember }, async (request) => {
    const { group, user } = request.params;
    await rules.addMember(tenant, callerOf(request), group, user);
    return {};
  });
  app.delete('/groups/:group/members/:user', { schema: byMember }, async (request) => {
    const { group, user } = request.params;
    await rules.removeMember(tenant, callerOf(request), group, user);
    return {};
  });
}
