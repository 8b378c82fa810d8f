/**
 * The first administrator. While there is none, each start of the tenant makes a link that is good once and for a day;
 * whoever opens it registers a security key and is the administrator. There is never a password. The link's secret is
 * behind its `#`, so that no server and no log sees it by the way.
 */
import { randomBytes } from 'node:crypto';
import { sha256 } from '../digest.ts';
import { TenantError } from '../errors.ts';
import type { Proof } from '../sessions/rules.ts';
import type { UserRow } from '../store/schema.ts';
import type { Caller, Tenant, Visitor } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { hasAdministrator } from '../users/queries.ts';
import { createUser, findUser, setRole } from '../users/rules.ts';
import { removeCredential } from '../webauthn/queries.ts';
import { registerKey, registrationOptions } from '../webauthn/registration.ts';
import type { KeyRegistration } from '../webauthn/schema.ts';
import * as queries from './queries.ts';

const LIFETIME_SECONDS = 24 * 3600;
const CEREMONY_TIMEOUT = 120_000;
const ACTOR = 'first-administrator';

/** A new link in place of the one before; undefined where there is an administrator. */
export async function makeFirstAdministratorLink(tenant: Tenant): Promise<string | undefined> {
  if (await hasAdministrator(tenant.store)) return undefined;
  const token = randomBytes(32).toString('base64url');
  const expires_on = iso(later(tenant.now(), LIFETIME_SECONDS));
  await queries.putLink(tenant.store, { token_hash: sha256(token), expires_on });
  return `${tenant.publicUrl}/first-administrator#${token}`;
}

export interface FirstAdministrator {
  token: string;
  userPrincipalName: string;
  displayName?: string | undefined;
}

/**
 * Options for the key of the first administrator, who is made a user where there is none of that name.
 *
 * @throws TenantError `first-administrator-link-invalid`
 */
export async function beginFirstAdministrator(tenant: Tenant, by: Visitor, given: FirstAdministrator) {
  await checkLink(tenant, by, given.token);
  const caller = { actor: ACTOR, correlationId: by.correlationId };
  const user = await ensureUser(tenant, caller, given);
  const options = await registrationOptions(tenant, caller, user.id, undefined, bindingOf(given.token));
  return { ...options, timeout: CEREMONY_TIMEOUT };
}

/**
 * Registers the key, uses the link up, and makes its holder the administrator.
 *
 * @throws TenantError `first-administrator-link-invalid`, and those of a registration, after which the link is still good
 */
export async function finishFirstAdministrator(
  tenant: Tenant,
  by: Visitor,
  given: FirstAdministrator,
  registration: KeyRegistration,
): Promise<Proof> {
  await checkLink(tenant, by, given.token);
  const caller = { actor: ACTOR, correlationId: by.correlationId };
  const user = await findUser(tenant.store, given.userPrincipalName);
  const binding = bindingOf(given.token);
  const { id } = await registerKey(tenant, caller, user.id, registration, { binding });
  const now = iso(tenant.now());
  if (!(await queries.takeLink(tenant.store, sha256(given.token), now))) {
    await removeCredential(tenant.store, user.id, id, now); // another one was faster with the same link
    throw await refused(tenant, by);
  }
  await setRole(tenant, caller, user.id, 'administrator');
  await tenant.audit.record({
    ...caller,
    event: 'first-administrator.registered',
    subject: `user:${user.id} key:${id}`,
    outcome: 'allowed',
  });
  return { user, method: 'fido', credentialId: id };
}

async function ensureUser(
  tenant: Tenant,
  by: Caller,
  { userPrincipalName, displayName }: FirstAdministrator,
): Promise<Pick<UserRow, 'id'>> {
  try {
    return await findUser(tenant.store, userPrincipalName);
  } catch (error) {
    if (!(error instanceof TenantError) || error.code !== 'user-not-found') throw error;
  }
  return createUser(tenant, by, { userPrincipalName, ...(displayName && { displayName }) });
}

export async function checkLink(tenant: Tenant, by: Visitor, token: string): Promise<void> {
  const good = await queries.isLink(tenant.store, sha256(token), iso(tenant.now()));
  if (!good || (await hasAdministrator(tenant.store))) throw await refused(tenant, by);
}

async function refused(tenant: Tenant, by: Visitor): Promise<TenantError> {
  const error = new TenantError(
    'first-administrator-link-invalid',
    'This link was used, replaced, or is over. Start the tenant again for a new one. Where there is an administrator, ask that one.',
  );
  await tenant.strangers.refused(by.source, {
    event: 'first-administrator.refused',
    actor: 'unknown',
    subject: `tenant:${tenant.config.tenantId}`,
    outcome: 'denied',
    reason: error.code,
    correlationId: by.correlationId,
  });
  return error;
}

const bindingOf = (token: string) => `first-administrator:${sha256(token)}`;
