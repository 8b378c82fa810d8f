/** The registered keys of a user: listing, renaming and removing them. */
import { TenantError } from '../errors.ts';
import { keyPolicyOf } from '../policy/effective.ts';
import { refusalToday } from '../policy/keys.ts';
import type { KeyPolicy } from '../policy/schema.ts';
import type { CredentialRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { findUser } from '../users/rules.ts';
import { attestationOfCredential } from './credential-attestation.ts';
import * as queries from './queries.ts';
import type { SecurityKeyInfo } from './schema.ts';

/** The keys of a user. @throws TenantError `user-not-found` */
export async function listKeys(tenant: Tenant, userName: string): Promise<SecurityKeyInfo[]> {
  const { id } = await findUser(tenant.store, userName);
  return keysUnder(tenant, id, await keyPolicyOf(tenant, id));
}

/** The same of a user who is known, and whose policy was read already. */
export async function keysUnder(
  tenant: Tenant,
  userId: string,
  policy: KeyPolicy,
): Promise<SecurityKeyInfo[]> {
  const rows = await queries.credentialsOfUser(tenant.store, userId);
  return rows.map((row) => toKeyInfo(tenant, row, refusalToday(tenant, policy, row)));
}

/** Gives a key another name. @throws TenantError `user-not-found`, `key-not-found` */
export async function renameKey(
  tenant: Tenant,
  by: Caller,
  userName: string,
  id: string,
  displayName: string,
): Promise<void> {
  const user = await findUser(tenant.store, userName);
  if (!(await queries.renameCredential(tenant.store, user.id, id, displayName))) {
    throw new TenantError('key-not-found', `${user.user_principal_name} has no such key.`);
  }
  await tenant.audit.record({
    ...by,
    event: 'key.renamed',
    subject: `user:${user.id} key:${id}`,
    outcome: 'allowed',
  });
}

/** Removes a key: it stops working at the next request. @throws TenantError `user-not-found`, `key-not-found` */
export async function removeKey(tenant: Tenant, by: Caller, userName: string, id: string): Promise<void> {
  const user = await findUser(tenant.store, userName);
  if (!(await queries.removeCredential(tenant.store, user.id, id, iso(tenant.now())))) {
    throw new TenantError(
      'key-not-found',
      `${user.user_principal_name} has no such key. \`kennel key list\` shows them.`,
    );
  }
  await tenant.audit.record({
    ...by,
    event: 'key.removed',
    subject: `user:${user.id} key:${id}`,
    outcome: 'allowed',
  });
}

/** @param refusal why policy does not accept it today; undefined where it does */
export function toKeyInfo(tenant: Tenant, row: CredentialRow, refusal?: TenantError): SecurityKeyInfo {
  const attestation = attestationOfCredential(tenant.metadata, row);
  return {
    id: row.id,
    displayName: row.display_name,
    aaGuid: row.aaguid,
    model: tenant.metadata.model(row.aaguid)?.name ?? null,
    attestationFormat: row.attestation_format,
    attestationLevel: attestation.level,
    attestationReason: attestation.level === 'attested' ? null : attestation.reason,
    attestationCertificates:
      attestation.level === 'attested' ? attestation.path.map(({ raw }) => raw.toString('base64')) : [],
    transports: JSON.parse(row.transports) as string[], // written at registration
    passkeyType: row.backup_eligible === 1 ? 'synced' : 'deviceBound',
    counter: row.counter,
    createdOn: row.created_on,
    lastUsedOn: row.last_used_on,
    lastUsedWhere: row.last_used_where,
    refused: refusal === undefined ? null : { code: refusal.code, message: refusal.message },
  };
}
