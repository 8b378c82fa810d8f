/** Security keys registered on behalf of users, in the shape of the Graph. */
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { TenantError } from '../errors.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso, later } from '../time.ts';
import { listKeys } from '../webauthn/keys.ts';
import { registerKey, registrationOptions } from '../webauthn/registration.ts';
import type { SecurityKeyInfo } from '../webauthn/schema.ts';
import type { Fido2Method, NewFido2Method } from './schema.ts';

const DEFAULT_MINUTES = 5;

/** @throws TenantError `user-not-found`, `user-ambiguous` */
export async function creationOptions(
  tenant: Tenant,
  by: Caller,
  userName: string,
  minutes = DEFAULT_MINUTES,
): Promise<{ challengeTimeoutDateTime: string; publicKey: PublicKeyCredentialCreationOptionsJSON }> {
  const challengeTimeoutDateTime = iso(later(tenant.now(), minutes * 60));
  return { challengeTimeoutDateTime, publicKey: await registrationOptions(tenant, by, userName, minutes) };
}

/** Throws as `registerKey` does. */
export async function createMethod(
  tenant: Tenant,
  by: Caller,
  userName: string,
  { displayName, publicKeyCredential: { id, response } }: NewFido2Method,
): Promise<Fido2Method> {
  const credential = { id, rawId: id, type: 'public-key' as const, response };
  return toMethod(await registerKey(tenant, by, userName, { displayName, credential }));
}

export async function listMethods(tenant: Tenant, userName: string): Promise<Fido2Method[]> {
  return (await listKeys(tenant, userName)).map(toMethod);
}

/** @throws TenantError `user-not-found`, `key-not-found` */
export async function showMethod(tenant: Tenant, userName: string, id: string): Promise<Fido2Method> {
  const found = (await listMethods(tenant, userName)).find((method) => method.id === id);
  if (found === undefined) throw new TenantError('key-not-found', 'The user has no such key.');
  return found;
}

const toMethod = (key: SecurityKeyInfo): Fido2Method => ({
  '@odata.type': '#microsoft.graph.fido2AuthenticationMethod',
  id: key.id,
  displayName: key.displayName,
  createdDateTime: key.createdOn,
  lastUsedDateTime: key.lastUsedOn,
  aaGuid: key.aaGuid,
  model: key.model,
  attestationCertificates: key.attestationCertificates,
  attestationLevel: key.attestationLevel,
  passkeyType: key.passkeyType,
});
