/** The tenant as devices and clients reach it: its name, ports, certificates, and every address that a device uses. */
import { readFileSync } from 'node:fs';
import type { Findings } from './findings.ts';
import { certificate, clock, portOpen, resolves } from './network.ts';

const FIX = 'Look at the log of the tenant.';

export async function checkTenantUrl(
  findings: Findings,
  url: string,
  caFile: string | undefined,
): Promise<void> {
  const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
  if (!(await reached(findings, url, 'sign-in, tokens and pages', ca))) return;
  const { httpsExchange } = await import('@kennel/tenant/admin');
  const { hostname } = new URL(url);
  const answers = (path: string, what: string, body?: URLSearchParams) =>
    findings.try('tenant.endpoint', shown(path), FIX, async () => {
      const options = { method: body === undefined ? 'GET' : 'POST', ca };
      const { status, json, date } = await httpsExchange(path, options, body);
      if (status !== 200) throw new Error(`${what}: it answers ${status}`);
      findings.ok('tenant.endpoint', shown(path), what);
      return { json, date };
    });
  const found = await answers(`${url}/common/Discover?api-version=1.9&managed=True`, 'discovery');
  if (found === undefined) return;
  clock(findings, hostname, found.date, "the tenant's clock");
  const tokens = urlAt(found.json, 'AuthenticationService', 'OAuth2', 'TokenEndpoint');
  const devices = urlAt(found.json, 'DeviceRegistrationService', 'RegistrationEndpoint');
  const nonces = urlAt(found.json, 'NonceService', 'Endpoint');
  if (tokens === undefined || devices === undefined || nonces === undefined) {
    findings.failed('tenant.endpoint', url, 'it is no tenant of this kind', 'Correct the address.');
    return;
  }
  await answers(`${url}/common/.well-known/openid-configuration`, 'sign-in');
  await answers(`${url}/common/discovery/keys`, 'keys of tokens');
  const challenge = new URLSearchParams({ grant_type: 'srv_challenge' });
  await answers(tokens, 'tokens', challenge);
  const registration = new URL(devices).origin;
  if (registration === new URL(url).origin || (await reached(findings, registration, 'joining devices', ca)))
    await answers(nonces, 'joining devices');
}

async function reached(
  findings: Findings,
  origin: string,
  purpose: string,
  ca: string | undefined,
): Promise<boolean> {
  const { hostname, port: given } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(given || 443);
  findings.needs({ host, port: `TCP ${port}`, purpose: `HTTPS: ${purpose}` });
  return (
    (await resolves(findings, host)) &&
    (await portOpen(findings, { on: host, host, port, purpose })) &&
    (await certificate(findings, { host: hostname, port, ca }))
  );
}

const shown = (url: string) => url.split('?', 1)[0] ?? url;

/** An address in the tenant's discovery document. */
function urlAt(document: unknown, ...path: string[]): string | undefined {
  let value = document;
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[name]; // JSON of any shape
  return typeof value === 'string' && URL.canParse(value) ? value : undefined;
}
