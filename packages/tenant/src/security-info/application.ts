/** Where the application's pages are, and who is sent to sign in first. What they show comes from the API. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenantError } from '../errors.ts';
import type { Routes } from '../server/fastify.ts';
import { sendApplication } from '../server/web.ts';
import { sessionOf } from '../sessions/rules.ts';
import { APPLICATION_PAGES } from '../sign-in/return-path.ts';
import type { Tenant } from '../tenant.ts';

export function applicationRoutes(app: Routes, tenant: Tenant): void {
  app.get('/', { schema: {} }, (_request, reply) => reply.redirect(APPLICATION_PAGES[0], 302));
  for (const page of APPLICATION_PAGES) {
    for (const path of [page, `${page}/*`]) {
      app.get(path, { schema: {} }, (request, reply) => show(tenant, request, reply));
    }
  }
}

async function show(tenant: Tenant, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (request.url.startsWith('/admin/v1')) {
    throw new TenantError('not-found', 'There is nothing at this address. Check the URL and the method.');
  }
  if ((await sessionOf(tenant, request)) === undefined) {
    return reply.redirect(`/sign-in?return=${encodeURIComponent(request.url)}`, 302);
  }
  return sendApplication(reply);
}
