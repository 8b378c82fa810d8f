/** Reports on security keys, over the admin socket. */
import { z } from 'zod';
import { keyPolicyOf } from '../policy/effective.ts';
import { refusalToday } from '../policy/keys.ts';
import { listPolicies } from '../policy/queries.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { pageQuery } from '../users/routes.ts';
import { toUser } from '../users/rules.ts';
import { keysByModel, keysWithUsers, type UnusedKeyRow, unusedKeys, usersWithKeys } from './queries.ts';
import type { ModelCount, RefusedKey, RefusedKeys, UnusedKey } from './schema.ts';

/** So many keys are looked through in one answer: for each of them the policy of its user is weighed. */
const LOOKED_THROUGH = 500;
const DAY_SECONDS = 86_400;
const withKeys = pageQuery.extend({ keys: z.coerce.number().int().min(0).max(100) });
/** `after` is the id of a credential, which may be longer than a name. */
const after = z.string().max(1364).default('');
const refused = z.object({ after });
const unused = pageQuery.extend({
  after,
  days: z.coerce.number().int().min(1).max(36_500),
});

export function reportRoutes(app: Routes, tenant: Tenant): void {
  const nameOf = (aaGuid: string) => tenant.metadata.model(aaGuid)?.name ?? null;
  const toKey = (row: UnusedKeyRow): UnusedKey => ({
    id: row.id,
    displayName: row.display_name,
    userId: row.user_id,
    userPrincipalName: row.user_principal_name,
    aaGuid: row.aaguid,
    model: nameOf(row.aaguid),
    createdOn: row.created_on,
    lastUsedOn: row.last_used_on,
  });

  app.get('/reports/users', { schema: { querystring: withKeys } }, async ({ query }) => {
    const { keys, after, limit } = query;
    return (await usersWithKeys(tenant.store, keys, after.toLowerCase(), limit)).map(toUser);
  });
  app.get('/reports/unused-keys', { schema: { querystring: unused } }, async ({ query }) => {
    const before = iso(later(tenant.now(), -query.days * DAY_SECONDS));
    const rows = await unusedKeys(tenant.store, before, query.after, query.limit);
    return rows.map(toKey);
  });
  app.get('/reports/refused-keys', { schema: { querystring: refused } }, async ({ query }) => {
    const rows = await keysWithUsers(tenant.store, query.after, LOOKED_THROUGH);
    const entries = await listPolicies(tenant.store);
    const keys: RefusedKey[] = [];
    for (const row of rows) {
      const policy = await keyPolicyOf(tenant, row.user_id, entries);
      const refusal = refusalToday(tenant, policy, row);
      if (refusal !== undefined) keys.push({ ...toKey(row), reason: refusal.code });
    }
    const last = rows.length < LOOKED_THROUGH ? undefined : rows.at(-1);
    return { keys, after: last?.id ?? null } satisfies RefusedKeys;
  });
  app.get('/reports/models', { schema: {} }, async () =>
    (await keysByModel(tenant.store)).map(
      ({ aaguid, ...counts }): ModelCount => ({ aaGuid: aaguid, model: nameOf(aaguid), ...counts }),
    ),
  );
}
