/**
 * The clients that may send people to the sign-in page, and where each may have them sent back: those that open brokers
 * are, and those of `clients` in config.json. Nobody else gets a code.
 */
import { CLIENT_IDS } from '@kennel/prt';
import { TenantError } from '../errors.ts';
import type { Tenant } from '../tenant.ts';

/** Addresses that only programs of the person's own device answer to. */
const brokerRedirects = (tenant: Tenant, clientId: string) => [
  `ms-appx-web://Microsoft.AAD.BrokerPlugin/${clientId}`,
  'himmelblau://Himmelblau.EntraId.BrokerPlugin',
  'urn:ietf:wg:oauth:2.0:oob',
  `${tenant.publicUrl}/common/oauth2/nativeclient`,
  'http://localhost',
  'http://127.0.0.1',
];

/** @throws TenantError `client-not-registered`, `redirect-uri-unknown`: such a request is answered here, never there */
export function checkClient(tenant: Tenant, clientId: string, redirectUri: string): void {
  const redirects = redirectsOf(tenant, clientId);
  if (redirects === undefined) {
    throw new TenantError(
      'client-not-registered',
      'The program that sent you here is not known to this organization. Tell your administrator its client_id.',
      { clientId },
    );
  }
  if (!redirects.some((known) => known === redirectUri || isLoopback(known, redirectUri))) {
    throw new TenantError(
      'redirect-uri-unknown',
      'The program that sent you here wants you to be sent back to an address that is not its own. Tell your administrator.',
      { clientId, redirectUri },
    );
  }
}

function redirectsOf(tenant: Tenant, clientId: string): readonly string[] | undefined {
  const configured = tenant.config.clients?.find((client) => client.clientId === clientId);
  const own = Object.values<string>(CLIENT_IDS).includes(clientId) ? brokerRedirects(tenant, clientId) : [];
  const all = [...own, ...(configured?.redirectUris ?? [])];
  return all.length === 0 ? undefined : all;
}

/** A program on this machine takes whatever port is free (RFC 8252 section 7.3). */
function isLoopback(known: string, given: string): boolean {
  if (!/^http:\/\/(localhost|127\.0\.0\.1)(\/|$)/.test(known) || !URL.canParse(given)) return false;
  const [allowed, asked] = [new URL(known), new URL(given)];
  return (
    asked.protocol === 'http:' &&
    asked.hostname === allowed.hostname &&
    asked.pathname === allowed.pathname &&
    asked.username === '' &&
    asked.hash === '' &&
    asked.search === ''
  );
}

/** What a page's policy must allow for its form to lead back to the client: an origin, or a scheme. */
export function formTargetOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  return origin === 'null' ? protocol : origin;
}
