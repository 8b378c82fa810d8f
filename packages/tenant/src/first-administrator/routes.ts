/** The page at which the first administrator registers a key, and what its script asks for. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import { setCookie } from '../server/cookies.ts';
import type { Routes } from '../server/fastify.ts';
import { beginSession, fresh, SESSION_COOKIE } from '../sessions/rules.ts';
import { ceremonyFailure, noteFailure } from '../sign-in/failures.ts';
import { html } from '../sign-in/html.ts';
import { sendDocument } from '../sign-in/page.ts';
import { allowedOrigins, type Tenant } from '../tenant.ts';
import { newUser } from '../users/schema.ts';
import { keyRegistration } from '../webauthn/schema.ts';
import { beginFirstAdministrator, checkLink, finishFirstAdministrator } from './rules.ts';

const who = newUser.pick({ userPrincipalName: true, displayName: true }).extend({
  token: z.string().min(1).max(128),
});
const registration = who.extend(keyRegistration.pick({ credential: true }).shape);
const failure = who.pick({ token: true }).extend({ failure: ceremonyFailure });
const PATH = '/first-administrator';

export function firstAdministratorRoutes(app: Routes, tenant: Tenant): void {
  app.get(PATH, { schema: {} }, (_request, reply) =>
    sendDocument(reply, tenant, {
      title: 'The first administrator',
      config: { urlOptions: `${PATH}/options`, urlRegister: PATH, urlReport: `${PATH}/failures` },
      body: html`
<div id="error" role="alert" tabindex="-1" hidden class="error">
<h2 id="error-title"></h2>
<p id="error-text"></p>
<p class="trace">Trace id: <code id="error-trace"></code></p>
</div>
<p id="admin-help">Your security key makes you the administrator of this tenant. There is no password, now or later: register a
second key soon, and keep it in a safe place.</p>
<form id="admin-form" novalidate>
<label for="upn">Your user name</label>
<input id="upn" name="upn" type="text" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="320" required placeholder="admin@corp.example.com">
<label for="display-name">Your name, as others see it <span class="hint">(may stay empty)</span></label>
<input id="display-name" name="display-name" type="text" autocomplete="name" maxlength="256">
<button id="register" class="primary" type="submit" aria-describedby="admin-help">Register a security key</button>
<p id="status" role="status" aria-live="polite"></p>
</form>
<noscript><p class="error">Security keys need JavaScript. Allow it for this page.</p></noscript>`,
    }),
  );

  app.post(`${PATH}/options`, { schema: { body: who } }, async (request) => {
    checkOrigin(tenant, request);
    return beginFirstAdministrator(tenant, visitorOf(request), request.body);
  });

  app.post(PATH, { schema: { body: registration } }, async (request, reply) => {
    checkOrigin(tenant, request);
    const { credential, ...given } = request.body;
    const key = { displayName: 'First key', credential };
    const proof = await finishFirstAdministrator(tenant, visitorOf(request), given, key);
    const token = await beginSession(tenant, { correlationId: request.id }, fresh(tenant, proof));
    return reply.header('set-cookie', setCookie(SESSION_COOKIE, token)).send({ next: '/security-info' });
  });

  app.post(`${PATH}/failures`, { schema: { body: failure } }, async (request) => {
    checkOrigin(tenant, request);
    await checkLink(tenant, visitorOf(request), request.body.token);
    return noteFailure(tenant, request, request.body.failure, undefined);
  });
}

const visitorOf = (request: FastifyRequest) => ({ source: request.ip, correlationId: request.id });

function checkOrigin(tenant: Tenant, { headers: { origin } }: FastifyRequest): void {
  if (origin !== undefined && allowedOrigins(tenant).includes(origin)) return;
  throw new TenantError('right-missing', 'This does not come from a page of this tenant.', { origin });
}
