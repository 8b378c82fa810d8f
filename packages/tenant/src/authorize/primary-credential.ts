/**
 * Single sign-on of a joined device ([MS-OAPXBC] 3.2.5.2): its Primary Refresh Token in `x-ms-RefreshTokenCredential`, a
 * header or a cookie, signed under the session key, stands for the sign-in page. The device may prove itself as well,
 * in `x-ms-DeviceCredential`. Whatever is wrong with either, the page is there; only a nonce that is over is told, by
 * sending the program here again with a fresh one.
 */
import { PrtError, parseJws } from '@kennel/prt';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  COMPACT_JWS,
  DEVICE_CREDENTIAL,
  deviceOfCredential,
  foreignCredential,
} from '../devices/device-credential.ts';
import { TenantError } from '../errors.ts';
import { issueNonce } from '../nonce/rules.ts';
import { checkKeyPolicy } from '../policy/keys.ts';
import { withPresentedPrt } from '../prt/present.ts';
import { nonce, tokenText } from '../prt/request.ts';
import { readCookie } from '../server/cookies.ts';
import { fresh } from '../sessions/rules.ts';
import type { ClientTarget } from '../sign-in/flow.ts';
import { html } from '../sign-in/html.ts';
import type { Tenant } from '../tenant.ts';
import { issueCode } from './codes.ts';
import { type AuthorizeQuery, withQuery } from './request.ts';

const CREDENTIAL = 'x-ms-RefreshTokenCredential';

const credentialPayload = z.object({ refresh_token: tokenText, request_nonce: nonce.optional() });

/** Codes of a nonce with which the same device may try again. */
const STALE: readonly string[] = ['nonce-expired', 'nonce-replayed', 'nonce-unknown'];

/**
 * Where to send a device that is signed in: to the client with a code, or back here with a fresh nonce. Undefined where
 * the sign-in page is to be shown.
 */
export async function signedInDevice(
  tenant: Tenant,
  request: FastifyRequest,
  query: AuthorizeQuery,
  target: ClientTarget,
): Promise<string | undefined> {
  const text = credentialOf(request, CREDENTIAL);
  // Who asks for the page, or for another account, gets the page.
  if (text === undefined || (query.prompt !== undefined && query.prompt !== 'none')) return undefined;
  let signedNonce: string | undefined;
  try {
    const jws = parseJws(text);
    const payload = credentialPayload.safeParse(jws.payload);
    if (!payload.success) return undefined;
    const { refresh_token: prt, request_nonce } = payload.data;
    signedNonce = request_nonce;
    if (request_nonce === undefined) return again(tenant, request, query, undefined);
    const by = { correlationId: request.id, source: request.ip };
    const given = { prt, jws, nonce: request_nonce, use: 'prt-browser' } as const;
    return await withPresentedPrt(tenant, by, given, async ({ row, holder, audited }) => {
      const { user, device, key } = holder;
      await checkDeviceCredential(tenant, request, device.id);
      if (key !== undefined) await checkKeyPolicy(tenant, key);
      const proof = fresh(tenant, { user, method: 'fido', credentialId: row.credential_id });
      const subject = `client:${target.clientId} ${audited.subject}`;
      const code = await issueCode(tenant, { ...audited, subject }, proof, target, row.authenticated_on);
      return withQuery(target.redirectUri, { code, state: target.state ?? undefined });
    });
  } catch (error) {
    if (error instanceof PrtError) return undefined;
    if (!(error instanceof TenantError)) throw error;
    return STALE.includes(error.code) ? again(tenant, request, query, signedNonce) : undefined;
  }
}

/** A 302 whose body has the address too: brokers without a browser read it there. */
export function sendBack(reply: FastifyReply, to: string): FastifyReply {
  return reply
    .code(302)
    .headers({
      location: to,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
    })
    .send(html`<!doctype html><title>Signed in</title><a href="${to}">Continue</a>`.text);
}

/** Here again with a fresh nonce, unless the program does not sign with the one it is given: it sees the page. */
function again(
  tenant: Tenant,
  request: FastifyRequest,
  { sso_nonce }: AuthorizeQuery,
  signedNonce: string | undefined,
): string | undefined {
  if (sso_nonce !== undefined && sso_nonce !== signedNonce) return undefined;
  const here = new URL(`${tenant.publicUrl}${request.url}`);
  here.searchParams.set('sso_nonce', issueNonce(tenant));
  return here.href;
}

/** A header, or a cookie of that name. */
function credentialOf(request: FastifyRequest, name: string): string | undefined {
  const header = request.headers[name.toLowerCase()];
  const text = typeof header === 'string' ? header : readCookie(request.headers.cookie, name, COMPACT_JWS);
  return text !== undefined && COMPACT_JWS.test(text) ? text : undefined;
}

/** Where the device proves itself too, it must be the one that the token was given to. */
async function checkDeviceCredential(
  tenant: Tenant,
  request: FastifyRequest,
  deviceId: string,
): Promise<void> {
  const text = credentialOf(request, DEVICE_CREDENTIAL);
  if (text === undefined) return;
  const { id } = await deviceOfCredential(tenant, text, 'browser');
  if (id !== deviceId) throw foreignCredential();
}
