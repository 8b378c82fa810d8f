/** The sign-in page. It works by keyboard and with a screen reader, in both colour schemes, on a phone; no framework. */
import type { FastifyReply } from 'fastify';
import { formTargetOf } from '../authorize/clients.ts';
import { freshNonce, sendPage, webAddress } from '../server/web.ts';
import type { Tenant } from '../tenant.ts';
import type { PageConfig, PageError } from './config.ts';
import type { Target } from './flow.ts';
import { Html, html, scriptJson } from './html.ts';

export interface PageInput {
  config: PageConfig;
  target: Target;
  loginHint: string;
  traceId: string;
  error?: PageError | undefined;
  /** Something good to say: that the person is signed out. */
  notice?: string | undefined;
  /** Opens the part for passes, where that is what failed. */
  withPass?: boolean;
}

export function sendSignInPage(reply: FastifyReply, tenant: Tenant, input: PageInput): FastifyReply {
  const { config, target, loginHint } = input;
  const hidden = (fields: Readonly<Record<string, string>>) =>
    Object.entries(fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    );
  const carried = {
    canary: config.canary,
    ctx: config.sCtx,
    flowToken: config.sFT,
    hpgrequestid: config.sessionId,
  };
  const to =
    target.kind === 'client'
      ? html`<p class="hint">You then return to the program that sent you here.</p>`
      : undefined;
  const body = html`
${notices(input)}
<form id="key-form" method="post" action="${config.urlPost}" novalidate>
${hidden({ type: '23', ps: '23', assertion: '', lmcCanary: config.sCrossDomainCanary, ...carried })}
<p id="key-help">Have your security key at hand. You will be asked to touch it, and for its PIN or your fingerprint.</p>
<label for="login">User name <span class="hint">(optional)</span></label>
<input id="login" name="login" type="text" inputmode="email" autocomplete="username webauthn" autocapitalize="none"
 spellcheck="false" maxlength="320" value="${loginHint}">
<button id="use-key" class="primary" type="submit" aria-describedby="key-help">Sign in with a security key</button>
<p id="status" role="status" aria-live="polite"></p>
</form>
<noscript><p class="error">Security keys need JavaScript. Allow it for this page, or sign in with a pass below.</p></noscript>
<details${new Html(input.withPass === true ? ' open' : '')}>
<summary>I have no key yet, or have lost it</summary>
<p>Ask your administrator for a Temporary Access Pass. With it you sign in once and register a key.</p>
<form id="pass-form" method="post" action="${config.urlPost}">
${hidden(carried)}
<label for="pass-login">User name</label>
<input id="pass-login" name="login" type="text" inputmode="email" autocomplete="username" autocapitalize="none"
 spellcheck="false" maxlength="320" required value="${loginHint}">
<label for="accesspass">Temporary Access Pass</label>
<input id="accesspass" name="accesspass" type="password" autocomplete="one-time-code" maxlength="64" required>
<button type="submit">Sign in with the pass</button>
</form>
</details>
${to}`;
  return sendDocument(reply, tenant, {
    title: 'Sign in',
    failed: input.error !== undefined,
    body,
    config,
    formTarget: target.kind === 'client' ? formTargetOf(target.redirectUri) : undefined,
  });
}

/** What is to be said takes the focus, so that it is read out. */
function notices({ error, notice, traceId }: PageInput): Html {
  return html`<div id="error" role="alert" tabindex="-1"${new Html(error === undefined ? ' hidden' : ' autofocus')} class="error">
<h2 id="error-title">${error === undefined ? '' : 'That did not work'}</h2>
<p id="error-text">${error?.message ?? ''}</p>
<p class="trace">Trace id: <code id="error-trace">${traceId}</code></p>
</div>
${notice === undefined ? undefined : html`<p class="notice" tabindex="-1" autofocus>${notice}</p>`}`;
}

/** A page that only says something: no flow leads on from it. */
export function sendMessagePage(
  reply: FastifyReply,
  tenant: Tenant,
  said: { title: string; text: string; traceId?: string; next?: { text: string; address: string } },
): FastifyReply {
  const { title, text, traceId, next } = said;
  return sendDocument(reply, tenant, {
    title,
    body: html`<div class="${traceId === undefined ? 'notice' : 'error'}"><p>${text}</p>
${traceId === undefined ? undefined : html`<p class="trace">Trace id: <code>${traceId}</code></p>`}</div>
${next === undefined ? undefined : html`<p><a href="${next.address}">${next.text}</a></p>`}`,
  });
}

interface Document {
  title: string;
  /** Said first in the window's title, which is what screen readers begin with. */
  failed?: boolean;
  body: Html;
  config?: unknown;
  formTarget?: string | undefined;
}

/** The frame of every page that the tenant renders. */
export function sendDocument(reply: FastifyReply, tenant: Tenant, document: Document): FastifyReply {
  const nonce = freshNonce();
  const { title, failed, body, config, formTarget } = document;
  // Brokers look for the first braces of the page: nothing before the data has any.
  const scripts =
    config === undefined
      ? undefined
      : html`<script nonce="${nonce}">//<![CDATA[
$Config=${scriptJson(config)};
//]]></script>
<script nonce="${nonce}" src="${webAddress('sign-in.js')}" defer></script>`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${failed === true ? 'Error: ' : ''}${title} - ${tenant.config.tenantName}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/assets/key.svg" type="image/svg+xml">
<link rel="stylesheet" href="${webAddress('assets/sign-in.css')}">
${scripts}
</head>
<body>
<main>
<p class="tenant">${tenant.config.tenantName}</p>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`;
  return sendPage(reply, page.text, { nonce, formTarget });
}
