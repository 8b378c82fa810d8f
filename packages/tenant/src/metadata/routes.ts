/** The metadata service, over the admin socket. */
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { type KeyModel, toModelInfo } from './models.ts';

const modelParams = z.object({ aaGuid: z.guid().toLowerCase() });

export function metadataRoutes(app: Routes, tenant: Tenant): void {
  app.get('/metadata', { schema: {} }, async () => tenant.metadata.status());
  app.post('/metadata/refresh', { schema: {} }, async () => {
    await tenant.metadata.refresh();
    return tenant.metadata.status();
  });
  app.get('/metadata/models', { schema: {} }, async () => {
    const at = tenant.now();
    return Array.from(tenant.metadata.models, (model: KeyModel) => toModelInfo(model, at));
  });
  app.get('/metadata/models/:aaGuid', { schema: { params: modelParams } }, async ({ params }) => {
    const model = tenant.metadata.model(params.aaGuid);
    if (model === undefined) {
      throw new TenantError('key-model-unknown', `The metadata knows no model ${params.aaGuid}.`);
    }
    return { ...toModelInfo(model, tenant.now()), icon: model.icon };
  });
}
