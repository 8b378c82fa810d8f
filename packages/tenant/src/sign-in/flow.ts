/**
 * What a sign-in is for, carried by the page itself (`sCtx` of `$Config`) under the tenant's HMAC: nothing is stored
 * for a page that nobody may ever answer. It is good for one browser and for a day.
 */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Tenant } from '../tenant.ts';
import { keyed, pageOver } from './browser.ts';

/** After signing in: back to a client with a code, or to a page of the tenant with a session. */
export const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('client'),
    clientId: z.string(),
    redirectUri: z.string(),
    state: z.string().nullable(),
    scope: z.string(),
    resource: z.string().nullable(),
    codeChallenge: z.string().nullable(),
    nonce: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('page'), path: z.string() }),
]);
export type Target = z.output<typeof target>;
export type ClientTarget = Target & { kind: 'client' };

const LIFETIME_MS = 24 * 3600 * 1000;
const flow = z.strictObject({ target, issued: z.int() });

export function writeFlow(tenant: Tenant, browser: string, to: Target): string {
  const payload = Buffer.from(JSON.stringify({ target: to, issued: tenant.now().getTime() }));
  return `${payload.toString('base64url')}.${mac(tenant, browser, payload).toString('base64url')}`;
}

/** @throws TenantError `sign-in-page-over` */
export function readFlow(tenant: Tenant, browser: string, text: string): Target {
  const [payload = '', given = '', more] = text.split('.');
  const bytes = Buffer.from(payload, 'base64url');
  const expected = mac(tenant, browser, bytes);
  const tag = Buffer.from(given, 'base64url');
  if (more !== undefined || tag.length !== expected.length || !timingSafeEqual(tag, expected)) {
    throw pageOver('flow');
  }
  const read = flow.parse(JSON.parse(bytes.toString('utf8'))); // we wrote it
  if (tenant.now().getTime() - read.issued > LIFETIME_MS) throw pageOver('age');
  return read.target;
}

const mac = (tenant: Tenant, browser: string, payload: Buffer) =>
  keyed(tenant, 'flow', `${browser}\0${payload.toString('base64url')}`);
