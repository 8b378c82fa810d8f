/**
 * The client's own side: it makes its key, enrols it with an invitation's token, keeps it in a directory that nobody
 * else may read, and signs for each access token anew.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { z } from 'zod';
import type { AdminTransport } from '../admin/calls.ts';
import { answerOf, httpsExchange } from '../admin/transport.ts';
import { TenantError } from '../errors.ts';
import { CLIENT_ASSERTION_TYPE, CLIENT_CREDENTIALS, clientName, type EnrolledClient } from './schema.ts';

const SIGNED_FOR_SECONDS = 60;
/** An access token is given up so long before it ends, in milliseconds. */
const MARGIN_MS = 30_000;

export { connectorClientOver } from '../sync/client.ts';

/** What a client keeps beside its key. */
const enrolmentSchema = z.object({
  tenantUrl: z.string(),
  issuer: z.string(),
  id: z.string(),
  name: z.string(),
  scope: z.enum(['administrator', 'connector']),
  domain: z.string().nullable(),
  /** PEM of the tenant's own authority (also in ca.pem); the system's roots where there is none. */
  ca: z.string().optional(),
});
export type Enrolment = z.output<typeof enrolmentSchema>;

export interface EnrolOptions {
  /** The directory of all clients of this machine's user. */
  clientsDir: string;
  tenantUrl: string;
  token: string;
  name: string;
  /** PEM file of the tenant's own authority. */
  caFile?: string;
}

/**
 * Makes a key, enrols it and keeps it; an interruption leaves nothing.
 *
 * @throws TenantError `enrolment-token-invalid`, `client-exists`, `tenant-not-running`, `request-malformed`
 */
export async function enrolClient(options: EnrolOptions): Promise<Enrolment> {
  const { clientsDir, token } = options;
  const name = clientName.safeParse(options.name);
  if (!name.success)
    throw new TenantError('request-malformed', `The name of a client ${name.error.issues[0]?.message}.`);
  const dir = join(clientsDir, name.data);
  if (readEnrolments(clientsDir).some((known) => known.name === name.data)) {
    throw new TenantError(
      'client-exists',
      `A client ${name.data} is enrolled here (${dir}). Give another --name.`,
    );
  }
  const tenantUrl = originOf(options.tenantUrl);
  const ca = options.caFile === undefined ? undefined : readFileSync(options.caFile, 'utf8');
  const { issuer } = await ask<{ issuer: string }>(
    tenantUrl,
    'GET',
    '/common/.well-known/openid-configuration',
    ca,
  );
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = await new SignJWT({ enrolment_token: token })
    .setProtectedHeader({ alg: 'ES256', jwk: await exportJWK(publicKey) })
    .setSubject(name.data)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime(`${SIGNED_FOR_SECONDS} s`)
    .sign(privateKey);
  // The key is on the disk before the token is spent: what is enrolled can be used.
  const draft = `${dir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(join(draft, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  try {
    const client = await ask<EnrolledClient>(tenantUrl, 'POST', '/client-enrolment', ca, { request });
    const { id, scope, domain } = client;
    const enrolment: Enrolment = { tenantUrl, issuer, id, name: name.data, scope, domain, ...(ca && { ca }) };
    writeFileSync(join(draft, 'client.json'), `${JSON.stringify(enrolment, null, 2)}\n`, { mode: 0o600 });
    if (ca !== undefined) writeFileSync(join(draft, 'ca.pem'), ca, { mode: 0o600 });
    renameSync(draft, dir);
    return enrolment;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

/** The clients that are enrolled here. */
export function readEnrolments(clientsDir: string): Enrolment[] {
  let names: string[];
  try {
    names = readdirSync(clientsDir).filter((name) => !name.endsWith('.new'));
  } catch {
    return [];
  }
  return names.map((name) =>
    enrolmentSchema.parse(JSON.parse(readFileSync(join(clientsDir, name, 'client.json'), 'utf8'))),
  );
}

/** Forgets a client and its key, here; the tenant forgets it when it is revoked there. */
export function forgetEnrolment(clientsDir: string, { name }: Enrolment): void {
  rmSync(join(clientsDir, name), { recursive: true });
}

/** The administrators' calls over HTTPS, with an access token that is asked for when one is needed. */
export function clientTransport(clientsDir: string, enrolment: Enrolment): AdminTransport {
  const { tenantUrl, ca } = enrolment;
  const key = createPrivateKey(readFileSync(join(clientsDir, enrolment.name, 'key.pem')));
  let token: { text: string; until: number } | undefined;
  return async <T>(method: string, path: string, body?: unknown) => {
    if (token === undefined || token.until < Date.now()) token = await accessToken(enrolment, key);
    const headers = { authorization: `Bearer ${token.text}` };
    return ask<T>(tenantUrl, method, `/admin/v1${path}`, ca, body, headers);
  };
}

async function accessToken(enrolment: Enrolment, key: KeyObject): Promise<{ text: string; until: number }> {
  const { id, issuer, tenantUrl, ca } = enrolment;
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${SIGNED_FOR_SECONDS} s`)
    .sign(key);
  const form = new URLSearchParams({
    grant_type: CLIENT_CREDENTIALS,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: assertion,
  });
  const answer = await ask<{ access_token: string; expires_in: number }>(
    tenantUrl,
    'POST',
    '/common/oauth2/token',
    ca,
    form,
  );
  return { text: answer.access_token, until: Date.now() + answer.expires_in * 1000 - MARGIN_MS };
}

async function ask<T>(
  tenantUrl: string,
  method: string,
  path: string,
  ca: string | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  try {
    return answerOf<T>(await httpsExchange(`${tenantUrl}${path}`, { method, headers, ca }, body));
  } catch (error) {
    if (error instanceof TenantError) throw error;
    const cause = (error as NodeJS.ErrnoException).code ?? String(error); // net and tls throw ErrnoException
    throw new TenantError(
      'tenant-not-running',
      `The tenant at ${tenantUrl} cannot be reached (${cause}). Check its address, its certificate (--ca) and that it runs.`,
      { cause },
    );
  }
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url.origin;
  throw new TenantError(
    'request-malformed',
    `${text} is no address of a tenant, such as https://login.example.com.`,
  );
}
