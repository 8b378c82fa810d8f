/** Devices, over the admin socket. */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { pageQuery } from '../users/routes.ts';
import { deviceCasOf } from './ca.ts';
import { changeDevicePolicy, showDevicePolicy } from './policy.ts';
import { listDevices } from './queries.ts';
import * as rules from './rules.ts';
import { devicePolicyChanges } from './schema.ts';

const deviceParams = z.object({ device: z.string().min(1).max(64) });
const devicesQuery = pageQuery.extend({ notSeenSince: z.iso.datetime().optional() });
const deviceChanges = z.strictObject({ enabled: z.boolean() });

export function deviceAdminRoutes(app: Routes, tenant: Tenant): void {
  app.get('/devices', { schema: { querystring: devicesQuery } }, async ({ query }) =>
    (await listDevices(tenant.store, query.after, query.limit, query.notSeenSince)).map(rules.toDevice),
  );
  app.get('/device-cas', { schema: {} }, async () => deviceCasOf(tenant.keys));
  app.get('/device-policy', { schema: {} }, () => showDevicePolicy(tenant));
  app.patch('/device-policy', { schema: { body: devicePolicyChanges } }, (request) =>
    changeDevicePolicy(tenant, callerOf(request), request.body),
  );
  app.get('/devices/:device', { schema: { params: deviceParams } }, ({ params }) =>
    rules.showDevice(tenant, params.device),
  );
  app.patch('/devices/:device', { schema: { params: deviceParams, body: deviceChanges } }, (request) =>
    rules.enableDevice(tenant, callerOf(request), request.params.device, request.body.enabled),
  );
  app.delete('/devices/:device', { schema: { params: deviceParams } }, async (request) => {
    await rules.removeDevice(tenant, callerOf(request), request.params.device);
    return {};
  });
}
