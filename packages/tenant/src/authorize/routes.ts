/** The authorization endpoint: checks who asks, then shows the sign-in page. Codes are only given after a proof. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Routes } from '../server/fastify.ts';
import { checkSegment, tenantParams } from '../server/segment.ts';
import { sendMessagePage } from '../sign-in/page.ts';
import { showDeadEnd, showSignIn } from '../sign-in/routes.ts';
import type { Tenant } from '../tenant.ts';
import { sendBack, signedInDevice } from './primary-credential.ts';
import {
  type AuthorizeQuery,
  authorizeQuery,
  type Checked,
  checkAuthorizeRequest,
  loginRequired,
} from './request.ts';

export function authorizeRoutes(app: Routes, tenant: Tenant): void {
  const schema = { params: tenantParams, querystring: authorizeQuery };
  for (const path of ['/:tenant/oauth2/authorize', '/:tenant/oauth2/v2.0/authorize']) {
    app.get(path, { schema }, (request, reply) => {
      checkSegment(tenant, request.params.tenant);
      return authorize(tenant, request, reply, request.query);
    });
  }

  // Programs read the code out of this address; a person who sees the page has nothing left to do.
  app.get('/common/oauth2/nativeclient', { schema: {} }, (_request, reply) =>
    sendMessagePage(reply, tenant, {
      title: 'You are signed in',
      text: 'Return to the program that sent you here. You can close this window.',
    }),
  );
}

async function authorize(
  tenant: Tenant,
  request: FastifyRequest,
  reply: FastifyReply,
  query: AuthorizeQuery,
) {
  let checked: Checked;
  try {
    checked = checkAuthorizeRequest(tenant, query);
  } catch (error) {
    return showDeadEnd(tenant, request, reply, error);
  }
  if ('sendTo' in checked) return reply.redirect(checked.sendTo, 302);
  const known = await signedInDevice(tenant, request, query, checked.target);
  if (known !== undefined) return sendBack(reply, known);
  if (query.prompt === 'none') return reply.redirect(loginRequired(query), 302);
  return showSignIn(tenant, request, reply, checked.target, query.login_hint ?? '');
}
