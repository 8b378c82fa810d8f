/** The sign-in page and what it posts to, for people and for brokers that drive it without a browser. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { issueCode } from '../authorize/codes.ts';
import { withQuery } from '../authorize/request.ts';
import { CEREMONY_EVENTS } from '../ceremonies/events.ts';
import { recordCeremony } from '../ceremonies/rules.ts';
import { errorFacts, TenantError } from '../errors.ts';
import { consumePass } from '../passes/redeem.ts';
import { setCookie } from '../server/cookies.ts';
import type { Routes } from '../server/fastify.ts';
import { checkSegment, tenantParams } from '../server/segment.ts';
import { beginSession, type FreshProof, SESSION_COOKIE, sessionOf } from '../sessions/rules.ts';
import type { Tenant } from '../tenant.ts';
import { checkBrowser, ensureBrowser } from './browser.ts';
import { pageConfig } from './config.ts';
import { readFlow, type Target } from './flow.ts';
import { type PageInput, sendMessagePage, sendSignInPage } from './page.ts';
import { returnPath } from './return-path.ts';
import { allowList, signInByKey, signInByPass } from './rules.ts';
import { browserInWords } from './user-agent.ts';

const text = (most: number) => z.string().max(most);
const signInQuery = z.object({
  return: text(2048).optional(),
  'signed-out': text(8).optional(),
  over: text(8).optional(),
});

/** What the person is told who was brought here by the pages. */
function noticeOf(query: z.output<typeof signInQuery>): string | undefined {
  if (query['signed-out'] !== undefined) return 'You are signed out.';
  return query.over === undefined ? undefined : 'Your session is over. Sign in again to go on.';
}
/** Brokers add fields that say nothing here. */
const carried = { ctx: text(8192).optional(), flowToken: text(8192).optional() };
const loginForm = z.object({
  ...carried,
  canary: text(128).default(''),
  assertion: text(16_384).optional(),
  accesspass: text(64).optional(),
  login: text(320).trim().optional(),
  loginfmt: text(320).trim().optional(),
});
const fidoForm = z.object({ ...carried, username: text(320).optional() });
const credentialTypeBody = z.object({
  username: text(320).default(''),
  originalRequest: text(8192).optional(),
  flowToken: text(8192).optional(),
});
const realmParams = tenantParams.extend({ upn: text(320) });

/** A passkey of any kind, and a pass, as brokers number them. */
const PREFERS_FIDO = 7;

export function signInRoutes(app: Routes, tenant: Tenant): void {
  app.get('/sign-in', { schema: { querystring: signInQuery } }, async (request, reply) => {
    const path = returnPath(request.query.return);
    if ((await sessionOf(tenant, request)) !== undefined) return reply.redirect(path, 302);
    return showSignIn(tenant, request, reply, { kind: 'page', path }, '', {
      notice: noticeOf(request.query),
    });
  });

  app.post(
    '/:tenant/login',
    { schema: { params: tenantParams, body: loginForm } },
    async (request, reply) => {
      checkSegment(tenant, request.params.tenant);
      const form = request.body;
      const login = form.login || form.loginfmt || '';
      let target: Target;
      let browser: string;
      try {
        browser = checkBrowser(tenant, request, form.canary);
        target = readFlow(tenant, browser, form.ctx ?? form.flowToken ?? '');
      } catch (error) {
        return showDeadEnd(tenant, request, reply, error);
      }
      try {
        const by = { source: request.ip, correlationId: request.id };
        const where = browserInWords(request.headers['user-agent']);
        const given = { assertion: form.assertion ?? '', browser, login, where };
        const proof =
          form.accesspass === undefined
            ? await signInByKey(tenant, by, given)
            : await signInByPass(tenant, by, { login, pass: form.accesspass });
        return await sendOn(tenant, request, reply, proof, target);
      } catch (error) {
        if (!(error instanceof TenantError)) throw error;
        request.log.info({ code: error.code, details: error.details }, error.message);
        const { number } = errorFacts(error.code);
        return showSignIn(tenant, request, reply, target, login, {
          error: { number, code: error.code, message: error.message },
          withPass: form.accesspass !== undefined,
        });
      }
    },
  );

  // Somebody who loads the address of a refused sign-in again.
  app.get('/:tenant/login', { schema: { params: tenantParams } }, (_request, reply) =>
    reply.redirect('/sign-in', 302),
  );

  // The same page again with a fresh challenge; only its data for a script that says so.
  app.post('/:tenant/fido/get', { schema: { params: tenantParams, body: fidoForm } }, (request, reply) => {
    checkSegment(tenant, request.params.tenant);
    const { ctx, flowToken, username = '' } = request.body;
    // Brokers put other things than the canary into `canary` here: the flow's own tag binds it to the browser.
    const browser = ensureBrowser(request, reply);
    const target = readFlow(tenant, browser, ctx ?? flowToken ?? '');
    if (request.headers.accept?.startsWith('application/json')) {
      return reply.send(pageConfig(tenant, { browser, target, traceId: request.id, loginHint: username }));
    }
    return showSignIn(tenant, request, reply, target, username);
  });

  app.post(
    '/:tenant/GetCredentialType',
    { schema: { params: tenantParams, body: credentialTypeBody } },
    async (request) => {
      checkSegment(tenant, request.params.tenant);
      const { username, flowToken = '', originalRequest } = request.body;
      const ids = await allowList(tenant, username);
      // Told alike of everyone: who is a user here, and who has a pass, is nobody's business.
      return {
        Username: username,
        Display: username,
        IfExistsResult: 0,
        ThrottleStatus: 0,
        FlowToken: flowToken || originalRequest,
        Credentials: {
          PrefCredential: PREFERS_FIDO,
          HasPassword: false,
          HasFido: true,
          HasAccessPass: true,
          FidoParams: { AllowList: ids.map((id) => Buffer.from(id, 'base64url').toString('base64')) },
        },
      };
    },
  );

  app.get('/:tenant/UserRealm/:upn', { schema: { params: realmParams } }, (request) => {
    checkSegment(tenant, request.params.tenant);
    const { upn } = request.params;
    return {
      ver: '1.0',
      account_type: 'Managed',
      domain_name: upn.slice(upn.lastIndexOf('@') + 1),
      cloud_instance_name: tenant.config.hostName,
      cloud_audience_urn: 'urn:federation:kennel',
    };
  });
}

type More = Pick<PageInput, 'error' | 'notice' | 'withPass'>;

export function showSignIn(
  tenant: Tenant,
  request: FastifyRequest,
  reply: FastifyReply,
  target: Target,
  loginHint: string,
  more: More = {},
): FastifyReply {
  const browser = ensureBrowser(request, reply);
  const traceId = request.id;
  const config = pageConfig(tenant, { browser, target, traceId, loginHint, error: more.error });
  recordCeremony(tenant, {
    event: CEREMONY_EVENTS.ASSERTION_STARTED,
    purpose: 'web',
    traceId,
    challenge: Buffer.from(config.sFidoChallenge, 'latin1').toString('base64url'),
  });
  return sendSignInPage(reply, tenant, { config, target, loginHint, traceId, ...more });
}

/** An error after which nothing can go on from this page. */
export function showDeadEnd(
  tenant: Tenant,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  if (!(error instanceof TenantError)) throw error;
  request.log.info({ code: error.code, details: error.details }, error.message);
  return sendMessagePage(reply.status(errorFacts(error.code).status), tenant, {
    title: 'You cannot sign in here',
    text: error.message,
    traceId: request.id,
    next: { text: 'Sign in to your Security info', address: '/sign-in' },
  });
}

/** Where the sign-in was for: back to the client with a code, or to a page with a session. */
async function sendOn(
  tenant: Tenant,
  request: FastifyRequest,
  reply: FastifyReply,
  proof: FreshProof,
  target: Target,
): Promise<FastifyReply> {
  if (target.kind === 'page') {
    const token = await beginSession(tenant, { correlationId: request.id }, proof);
    return reply.header('set-cookie', setCookie(SESSION_COOKIE, token)).redirect(target.path, 303);
  }
  // A code is a sign-in: a pass that is good for one is used up by it. In a session only a registration does that.
  if (proof.pass?.isUsableOnce === true) await consumePass(tenant.store, proof.pass.passId, tenant.now());
  const audited = {
    actor: `user:${proof.user.id}`,
    subject: `client:${target.clientId}`,
    correlationId: request.id,
  };
  const code = await issueCode(tenant, audited, proof, target);
  return reply.redirect(withQuery(target.redirectUri, { code, state: target.state ?? undefined }), 302);
}
