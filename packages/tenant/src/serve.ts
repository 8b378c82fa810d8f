/** Running a tenant: the public listener (TLS), the admin socket, and a clean end of both. */
import { randomUUID } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { loadMasterKey, masterKeyFile } from '@kennel/secrets';
import type { FastifyBaseLogger, RawServerDefault } from 'fastify';
import { type Authenticator, bySocket, guard } from './access/guard.ts';
import { adminRoutes } from './admin/routes.ts';
import { Strangers } from './audit/strangers.ts';
import { AuditTrail } from './audit/trail.ts';
import { authorizeRoutes } from './authorize/routes.ts';
import { CeremonyLog } from './ceremonies/log.ts';
import { enrolmentRoutes } from './clients/routes.ts';
import { byClientToken } from './clients/token.ts';
import { ensureStateDir, originOf, readConfig, registrationOf } from './config/files.ts';
import { statePaths } from './config/paths.ts';
import { loadTls, type TlsMaterial } from './config/tls.ts';
import { watchDeviceCa } from './devices/ca-watch.ts';
import { deletionRoutes } from './devices/deletion.ts';
import { deviceRoutes } from './devices/routes.ts';
import { TenantError } from './errors.ts';
import { firstAdministratorRoutes } from './first-administrator/routes.ts';
import { makeFirstAdministratorLink } from './first-administrator/rules.ts';
import { storePlace } from './init.ts';
import { Metadata } from './metadata/service.ts';
import { startNotices } from './notices/notices.ts';
import { graphRoutes } from './provisioning/routes.ts';
import { startPurging } from './purge.ts';
import { applicationRoutes } from './security-info/application.ts';
import { securityInfoRoutes } from './security-info/routes.ts';
import { createApp, HEADER_LIMIT, type Routes } from './server/fastify.ts';
import { lockInstance } from './server/instance-lock.ts';
import { defaultLog } from './server/log.ts';
import { webFileRoutes } from './server/web.ts';
import { bySession } from './sessions/rules.ts';
import { failureRoutes } from './sign-in/failures.ts';
import { signInRoutes } from './sign-in/routes.ts';
import { checkStoreIdentity } from './store/identity.ts';
import { migrateStore, openStore } from './store/open.ts';
import type { Tenant } from './tenant.ts';
import { loadTenantKeys } from './tenant-keys/rules.ts';
import { tokenRoutes } from './tokens/routes.ts';

/** How long a slow client is waited for, in milliseconds. */
const PATIENCE = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
};
/** Where the network finds what the admin socket offers, and the ways to prove that one may. */
const ADMIN_PREFIX = '/admin/v1';
const GRAPH_PREFIX = '/v1.0';
const AUTHENTICATORS: readonly Authenticator[] = [byClientToken, bySession];
const CONNECTIONS_AT_MOST = 10_000;
/** The shortest of the systems' bounds on a Unix socket's path (sun_path), in bytes. */
const LONGEST_SOCKET_PATH = 103;

export interface ServeOptions {
  stateDir: string;
  /** The clock; the system's unless given. */
  now?: () => Date;
  log?: FastifyBaseLogger;
  /** A file for the log, in place of standard error. */
  logFile?: string;
}

export interface RunningTenant {
  /** `https://host[:port]` */
  url: string;
  /** While there is no administrator: the address at which the first one registers a key. It is a secret. */
  firstAdministratorLink?: string;
  close(): Promise<void>;
}

/**
 * Serves the tenant of a state directory until `close()`.
 *
 * @throws TenantError `config-missing`, `config-invalid`, `tenant-already-running`, `store-unreachable`,
 *   `store-not-initialised`, `rp-id-changed`, `address-in-use`, `socket-path-too-long`; SecretsError
 */
export async function serveTenant({
  stateDir,
  now = () => new Date(),
  logFile,
  log = defaultLog(logFile),
}: ServeOptions): Promise<RunningTenant> {
  const config = readConfig(stateDir);
  const registration = registrationOf(config);
  const paths = statePaths(stateDir);
  ensureStateDir(stateDir);
  checkSocketPath(paths.socket);
  const cleanUp: (() => unknown)[] = [lockInstance(paths.lock)];
  const close = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  };
  try {
    const master = loadMasterKey(masterKeyFile(stateDir));
    const store = openStore(storePlace(stateDir, config));
    cleanUp.push(() => store.destroy());
    await migrateStore(store);
    await checkStoreIdentity(store, config);
    const audit = new AuditTrail(store, now);
    const strangers = new Strangers(audit, now);
    cleanUp.push(() => strangers.flush(true));
    const ceremonies = new CeremonyLog({ store, rpId: config.rpId, log, now });
    cleanUp.push(() => ceremonies.flush());
    const { inside } = paths;
    const metadata = new Metadata({ config: config.metadata, inside, store, audit, log, now });
    const tenant: Tenant = {
      config,
      publicUrl: originOf(config.hostName, config.listen.port),
      registrationUrl: originOf(registration.hostName, registration.port),
      store,
      master,
      keys: await loadTenantKeys(store, master),
      audit,
      strangers,
      ceremonies,
      metadata,
      log,
      now,
    };
    const { tenantName } = config;
    cleanUp.push(await startNotices({ config: config.mail, inside, tenantName, store, audit, log, now }));
    cleanUp.push(await metadata.start());
    const tls = await loadTls(stateDir, config, master, now());
    const app = publicApp(tenant, tls);
    cleanUp.push(() => app.close());
    tenant.publicUrl = originOf(config.hostName, await listen(app, config.listen));
    const devices = registrationApp(tenant, tls);
    cleanUp.push(() => devices.close());
    tenant.registrationUrl = originOf(registration.hostName, await listen(devices, registration));
    const admin = createApp(log);
    guard(admin, tenant, [bySocket]);
    adminRoutes(admin, tenant);
    admin.register(async (scope: Routes) => graphRoutes(scope, tenant), { prefix: GRAPH_PREFIX });
    cleanUp.push(() => admin.close());
    rmSync(paths.socket, { force: true }); // a killed process left it: the lock is ours
    await admin.listen({ path: paths.socket });
    chmodSync(paths.socket, 0o600); // the directory, 0700, kept others out meanwhile
    cleanUp.push(startPurging(tenant), watchDeviceCa(tenant));
    await tenant.audit.record({
      event: 'tenant.started',
      actor: 'tenant',
      subject: `tenant:${config.tenantId}`,
      outcome: 'allowed',
      correlationId: randomUUID(),
    });
    log.info({ url: tenant.publicUrl, socket: paths.socket }, 'the tenant is up');
    const link = await makeFirstAdministratorLink(tenant);
    return { url: tenant.publicUrl, close, ...(link !== undefined && { firstAdministratorLink: link }) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the network reaches; without a listener it serves tests. */
function publicApp(tenant: Tenant, tls: TlsMaterial): Routes {
  const app = tlsApp(tenant, tls);
  tokenRoutes(app, tenant);
  authorizeRoutes(app, tenant);
  signInRoutes(app, tenant);
  failureRoutes(app, tenant);
  webFileRoutes(app);
  applicationRoutes(app, tenant);
  firstAdministratorRoutes(app, tenant);
  deviceRoutes(app, tenant);
  enrolmentRoutes(app, tenant);
  app.register(
    async (scope: Routes) => {
      guard(scope, tenant, [bySession]);
      securityInfoRoutes(scope, tenant);
    },
    { prefix: '/api' },
  );
  app.register(
    async (scope: Routes) => {
      guard(scope, tenant, AUTHENTICATORS);
      adminRoutes(scope, tenant);
    },
    { prefix: ADMIN_PREFIX },
  );
  app.register(
    async (scope: Routes) => {
      guard(scope, tenant, AUTHENTICATORS);
      graphRoutes(scope, tenant);
    },
    { prefix: GRAPH_PREFIX },
  );
  return app;
}

/** What devices reach, with a certificate of theirs where they have one. */
function registrationApp(tenant: Tenant, tls: TlsMaterial): Routes {
  // Certificates are for the routes to judge: they are from our own CA, and a stranger's is told why it is refused.
  const app = tlsApp(tenant, { ...tls, requestCert: true, rejectUnauthorized: false });
  deviceRoutes(app, tenant);
  deletionRoutes(app, tenant);
  return app;
}

function tlsApp(tenant: Tenant, tls: TlsMaterial & TlsOptions): Routes {
  return createApp(tenant.log, (handler) => {
    const server = createServer(
      { ...tls, ...PATIENCE, minVersion: 'TLSv1.2', maxHeaderSize: HEADER_LIMIT },
      handler,
    );
    server.maxConnections = CONNECTIONS_AT_MOST;
    return server as unknown as RawServerDefault; // Fastify asks for the methods that both kinds of server have
  });
}

/** @returns the port, which with 0 is known only now */
async function listen(
  app: Routes,
  { address: host, port }: { address: string; port: number },
): Promise<number> {
  try {
    // Fastify does not see that the server which it was given speaks TLS.
    const listenTextResolver = (address: string) => `listening at ${address.replace(/^http:/, 'https:')}`;
    await app.listen({ host, port, listenTextResolver });
    return (app.server.address() as AddressInfo).port; // it listens on TCP
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // net throws ErrnoException
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause;
    throw new TenantError(
      'address-in-use',
      `The tenant cannot listen on ${host}, port ${port} (${code}). Stop what listens there, or change listen or registration in config.json.`,
      {
        host,
        port,
        cause: code,
      },
    );
  }
}

function checkSocketPath(path: string): void {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    throw new TenantError(
      'socket-path-too-long',
      `${path} is too long for a Unix socket. Choose a shorter state directory (KENNEL_HOME).`,
    );
  }
}
