/** What the rules of every folder are given: configuration, store, keys, clock, audit and log. */
import type { MasterKey } from '@kennel/secrets';
import type { FastifyBaseLogger } from 'fastify';
import type { Strangers } from './audit/strangers.ts';
import type { AuditTrail } from './audit/trail.ts';
import type { CeremonyLog } from './ceremonies/log.ts';
import type { TenantConfig } from './config/schema.ts';
import type { Metadata } from './metadata/service.ts';
import type { Store } from './store/open.ts';
import type { TenantKeys } from './tenant-keys/rules.ts';

export interface Tenant {
  readonly config: TenantConfig;
  /** `https://host[:port]` by which the tenant is reached; with port 0 it is known once the tenant listens. */
  publicUrl: string;
  /** Where devices register and delete themselves, on a listener that asks for client certificates. */
  registrationUrl: string;
  readonly store: Store;
  readonly master: MasterKey;
  readonly keys: TenantKeys;
  readonly audit: AuditTrail;
  readonly strangers: Strangers;
  readonly ceremonies: CeremonyLog;
  readonly metadata: Metadata;
  readonly log: FastifyBaseLogger;
  now(): Date;
}

/** Who asked, and the number under which log, audit and answer speak of it. */
export interface Caller {
  readonly actor: string;
  readonly correlationId: string;
}

/** A request from the network, before it is known who sent it. */
export interface Visitor {
  /** The client's address. */
  readonly source: string;
  readonly correlationId: string;
}

/** The origins that assertions may come from: those configured, and a port that was only found at the start. */
export function allowedOrigins(tenant: Tenant): string[] {
  const { origins, listen } = tenant.config;
  return listen.port === 0 ? [...origins, tenant.publicUrl] : origins;
}

/** The issuer of the tenant's tokens. */
export function issuerOf(tenant: Tenant): string {
  return `${tenant.publicUrl}/${tenant.config.tenantId}`;
}
