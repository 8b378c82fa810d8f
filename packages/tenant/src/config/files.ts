/** The state directory of a tenant: made, and its configuration read and written. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { TenantError } from '../errors.ts';
import { statePaths } from './paths.ts';
import { configSchema, firstIssue, type InitOptions, initSchema, type TenantConfig } from './schema.ts';

/**
 * Makes the directory where it is missing. One that others can look into is refused, not changed: it may be
 * there for something else.
 *
 * @throws TenantError `state-dir-exposed`
 */
export function ensureStateDir(stateDir: string): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  if (process.platform !== 'win32' && (statSync(stateDir).mode & 0o077) !== 0) {
    throw new TenantError(
      'state-dir-exposed',
      `Others can look into ${stateDir}, where the tenant keeps its keys and its admin socket. Close it (chmod 700), or choose another directory (KENNEL_HOME).`,
      { stateDir },
    );
  }
}

/**
 * Reads and checks `config.json`.
 *
 * @throws TenantError `config-missing`, `config-invalid` (naming the key)
 */
export function readConfig(stateDir: string): TenantConfig {
  const path = statePaths(stateDir).config;
  if (!existsSync(path)) {
    throw new TenantError('config-missing', `${path} does not exist. Run \`kennel init\` first.`, { path });
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new TenantError('config-invalid', `${path} is not JSON. Correct it, then start again.`, {
      path,
      cause: String(cause),
    });
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    throw new TenantError(
      'config-invalid',
      `${path}: ${firstIssue(parsed.error)}. Correct it, then start again.`,
      {
        path,
      },
    );
  }
  checkRpId(parsed.data);
  return parsed.data;
}

/**
 * The configuration of a state directory, written where there is none. Given again, the options must agree
 * with what was written: a running tenant's configuration is changed by hand and on purpose.
 *
 * @throws TenantError `config-invalid`, `config-exists`
 */
export function ensureConfig(stateDir: string, given: InitOptions): TenantConfig {
  const parsed = initSchema.safeParse(given);
  if (!parsed.success)
    throw new TenantError('config-invalid', `The options are wrong: ${firstIssue(parsed.error)}.`);
  const options = parsed.data;
  const { config: path } = statePaths(stateDir);
  if (existsSync(path)) {
    const existing = readConfig(stateDir);
    for (const [name, value] of Object.entries(options)) {
      const recorded = existing[name as keyof TenantConfig]; // initSchema has no other keys
      const merged = name === 'listen' ? { ...existing.listen, ...options.listen } : value;
      if (value !== undefined && JSON.stringify(merged) !== JSON.stringify(recorded)) {
        throw new TenantError(
          'config-exists',
          `${path} already says something else for ${name}. Edit that file instead.`,
          {
            path,
            name,
          },
        );
      }
    }
    return existing;
  }
  const listen = { address: options.listen?.address ?? '127.0.0.1', port: options.listen?.port ?? 8443 };
  const config: TenantConfig = {
    tenantId: options.tenantId ?? randomUUID(),
    tenantName: options.tenantName ?? options.hostName,
    hostName: options.hostName,
    listen,
    rpId: options.rpId ?? options.hostName,
    origins: options.origins ?? [originOf(options.hostName, listen.port)],
    tls: options.tls ?? 'selfSigned',
    store: options.store ?? { sqlite: 'tenant.db' },
    lab: options.lab ?? false,
    ...(options.metadata !== undefined && { metadata: options.metadata }),
    ...(options.mail !== undefined && { mail: options.mail }),
    ...(options.registration !== undefined && { registration: options.registration }),
    ...(options.resources !== undefined && { resources: options.resources }),
    ...(options.clients !== undefined && { clients: options.clients }),
  };
  checkRpId(config);
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600, flush: true }); // the store's URL may hold a password
  renameSync(draft, path);
  return config;
}

/** Where devices register: the tenant's own address and name, on a port beside its own, unless configured. */
export function registrationOf({ hostName, listen, registration = {} }: TenantConfig) {
  const beside = listen.port === 0 ? 0 : listen.port === 443 ? 8443 : listen.port + 1;
  return {
    address: registration.address ?? listen.address,
    hostName: registration.hostName ?? hostName,
    port: registration.port ?? beside,
  };
}

/** `https://host[:port]`; port 0 (any) counts as none. */
export function originOf(hostName: string, port: number): string {
  const host = hostName.includes(':') ? `[${hostName}]` : hostName;
  return port === 443 || port === 0 ? `https://${host}` : `https://${host}:${port}`;
}

/** WebAuthn section 5.1.2: the RP ID is the host of each origin, or a domain above it. */
function checkRpId(config: TenantConfig): void {
  for (const origin of config.origins) {
    const host = new URL(origin).hostname;
    if (host !== config.rpId && !host.endsWith(`.${config.rpId}`)) {
      throw new TenantError(
        'config-invalid',
        `rpId ${config.rpId} is not ${host} nor a domain above it, but ${origin} is an allowed origin. Correct one of the two.`,
      );
    }
  }
}
