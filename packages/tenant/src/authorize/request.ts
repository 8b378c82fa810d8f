/** The authorization request (RFC 6749 section 4.1.1, PKCE: RFC 7636): what is known of it is checked before anybody signs in. */
import { z } from 'zod';
import type { ClientTarget } from '../sign-in/flow.ts';
import type { Tenant } from '../tenant.ts';
import { checkClient } from './clients.ts';

const text = (most: number) => z.string().max(most);

export const authorizeQuery = z.object({
  client_id: text(64).toLowerCase(),
  redirect_uri: text(1024),
  response_type: text(64).default('code'),
  response_mode: text(32).optional(),
  scope: text(1024).default('openid'),
  resource: text(512).optional(),
  state: text(2048).optional(),
  nonce: text(256).optional(),
  prompt: text(64).optional(),
  login_hint: text(320).optional(),
  code_challenge: text(128).optional(),
  code_challenge_method: text(16).optional(),
  /** The nonce that a joined device is to sign its Primary Refresh Token with. */
  sso_nonce: text(256).optional(),
});
export type AuthorizeQuery = z.output<typeof authorizeQuery>;

/** Either what the sign-in is for, or where to send the person back to at once, with an error. */
export type Checked = { target: ClientTarget } | { sendTo: string };

/** @throws TenantError `client-not-registered`, `redirect-uri-unknown` */
export function checkAuthorizeRequest(tenant: Tenant, query: AuthorizeQuery): Checked {
  checkClient(tenant, query.client_id, query.redirect_uri);
  const refuse = (error: string, description: string) => ({
    sendTo: withQuery(query.redirect_uri, { error, error_description: description, state: query.state }),
  });
  if (query.response_type !== 'code') {
    return refuse('unsupported_response_type', 'Only response_type=code is offered.');
  }
  if (query.response_mode !== undefined && query.response_mode !== 'query') {
    return refuse('invalid_request', 'Only response_mode=query is offered.');
  }
  if (query.code_challenge !== undefined) {
    if (query.code_challenge_method !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(query.code_challenge)) {
      return refuse('invalid_request', 'A code_challenge must be S256.');
    }
  }
  return {
    target: {
      kind: 'client',
      clientId: query.client_id,
      redirectUri: query.redirect_uri,
      state: query.state ?? null,
      scope: query.scope,
      resource: query.resource ?? null,
      codeChallenge: query.code_challenge ?? null,
      nonce: query.nonce ?? null,
    },
  };
}

/** `prompt=none` asks for no page, and there was nothing else to go by. */
export const loginRequired = (query: AuthorizeQuery): string =>
  withQuery(query.redirect_uri, {
    error: 'login_required',
    error_description: 'A code takes a security key, or the Primary Refresh Token of a joined device.',
    state: query.state,
  });

/** An address with parameters added to its query; those that are undefined are left out. */
export function withQuery(uri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`;
}
