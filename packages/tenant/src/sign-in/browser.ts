/**
 * The browser that is signing in, before anyone is known: a random number in a cookie. The page, its challenge and its
 * canary are good for that browser alone, so that nobody can be signed in by a page that another one was given.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TenantError } from '../errors.ts';
import { readCookie, setCookie } from '../server/cookies.ts';
import type { Tenant } from '../tenant.ts';

const COOKIE = '__Host-kennel-browser';

/** The browser's number; undefined where it has none. */
export const browserOf = (request: FastifyRequest): string | undefined =>
  readCookie(request.headers.cookie, COOKIE);

/** The browser's number; a new one gets its cookie. */
export function ensureBrowser(request: FastifyRequest, reply: FastifyReply): string {
  const known = browserOf(request);
  if (known !== undefined) return known;
  const fresh = randomBytes(32).toString('base64url');
  reply.header('set-cookie', setCookie(COOKIE, fresh));
  return fresh;
}

/** @throws TenantError `sign-in-page-over` where there is no cookie, or the canary is not this browser's */
export function checkBrowser(tenant: Tenant, request: FastifyRequest, canary: string): string {
  const browser = browserOf(request);
  if (browser === undefined) throw pageOver('no cookie');
  const expected = Buffer.from(canaryOf(tenant, browser));
  const given = Buffer.from(canary);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw pageOver('canary');
  return browser;
}

/** Goes into each form, and comes back with it: no other site can know it. */
export const canaryOf = (tenant: Tenant, browser: string): string =>
  keyed(tenant, 'canary', browser).toString('base64url');

/** What a challenge of the sign-in page is bound to. */
export const signInBinding = (browser: string): string => `sign-in\0${browser}`;

/** HMAC-SHA256 under the tenant's key, apart for each use. */
export function keyed(tenant: Tenant, use: string, text: string): Buffer {
  return createHmac('sha256', tenant.keys.nonce)
    .update(`kennel ${use} v1\0${tenant.config.tenantId}\0${text}`)
    .digest();
}

export const pageOver = (cause: string) =>
  new TenantError(
    'sign-in-page-over',
    'This sign-in page is too old, or cookies are switched off. Go back to where you came from, and sign in again.',
    { cause },
  );
