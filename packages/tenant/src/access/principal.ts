/** Who asks for something of the tenant, once that is proven, and what such a one may do. */
import { TenantError } from '../errors.ts';

/** What a client's key is good for. */
export type ClientScope =
  | { readonly kind: 'administrator' }
  /** Sync of one domain, and the publication of that domain's keys. `domain` is its DNS name in lower case. */
  | { readonly kind: 'connector'; readonly domain: string };

export type Principal =
  /** Whoever may open the admin socket. */
  | { readonly kind: 'socket' }
  /** A program with a key of its own. */
  | { readonly kind: 'client'; readonly id: string; readonly name: string; readonly scope: ClientScope }
  /** A person's session in a browser. */
  | {
      readonly kind: 'user';
      readonly id: string;
      readonly role: 'user' | 'administrator';
      /** When the person last proved themselves with a security key. */
      readonly authenticatedAt: Date;
    };

/** What a route may ask for. An administrator in person may do what users may. */
export type Right = 'administrator' | 'connector' | 'user';

export function rightsOf(principal: Principal): readonly Right[] {
  switch (principal.kind) {
    case 'socket':
      return ['administrator'];
    case 'client':
      return [principal.scope.kind];
    case 'user':
      return principal.role === 'administrator' ? ['administrator', 'user'] : ['user'];
  }
}

/** The name under which the audit speaks of someone. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case 'socket':
      return 'admin-socket';
    case 'client':
      return `client:${principal.name}`;
    case 'user':
      return `user:${principal.id}`;
  }
}

/** A connector speaks for its own domain alone; an administrator for any. */
export function speaksFor(principal: Principal, domain: string): boolean {
  return (
    principal.kind !== 'client' || principal.scope.kind !== 'connector' || principal.scope.domain === domain
  );
}

/** @throws TenantError `outside-connector-domain` */
export function checkConnectorDomain(principal: Principal, domain: string): void {
  if (speaksFor(principal, domain)) return;
  throw new TenantError(
    'outside-connector-domain',
    `This client is the connector of another domain and may not write for ${domain}. Enrol a client for that domain.`,
    { domain },
  );
}
