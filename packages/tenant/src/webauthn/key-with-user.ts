/** What a sign-in asks the store before it knows whose key was shown. */
import { sql } from 'kysely';
import { type KeyPolicyWithGroup, readPolicies } from '../policy/queries.ts';
import { batched, batchedLookup } from '../store/batch.ts';
import { givenRows } from '../store/given-rows.ts';
import type { Store } from '../store/open.ts';
import type { CredentialRow, UserRow } from '../store/schema.ts';
import type { SyncDomainRow, SyncedUserRow } from '../store/sync-rows.ts';
import { overOneConnection } from '../store/transaction.ts';
import type { SyncedAccount } from '../sync/queries.ts';

/** A key with the user it belongs to, removed ones included, and that user's account in a directory where there is one. */
export interface CredentialWithUser {
  credential: CredentialRow;
  user: UserRow;
  account: SyncedAccount | undefined;
}

export const credentialWithUser = batchedLookup(readKeys, ({ credential }) => credential.id);

export interface KeyAtSignIn {
  /** Undefined where there is no such key. */
  found: CredentialWithUser | undefined;
  policies: readonly KeyPolicyWithGroup[];
}

/** A key and all policies, for as many sign-ins as ask at once. */
export const keyAtSignIn = batched<string, KeyAtSignIn>((store, ids) =>
  overOneConnection(store, async (one) => {
    const [keys, policies] = await Promise.all([readKeys(one, [...new Set(ids)]), readPolicies(one)]);
    const byId = new Map(keys.map((key) => [key.credential.id, key]));
    return ids.map((id) => ({ found: byId.get(id), policies }));
  }),
);

async function readKeys(store: Store, ids: readonly string[]): Promise<CredentialWithUser[]> {
  const given = keysGiven(
    store,
    ids.map((id) => ({ id })),
  );
  const { rows } = await sql<Record<string, unknown>>`
    select ${sql.join([CREDENTIAL, USER, ACCOUNT, DOMAIN].map(({ selected }) => selected))}
    from ${given}
    join credentials on credentials.id = given.id
    join users on users.id = credentials.user_id
    left join synced_users on synced_users.user_id = users.id
    left join sync_domains on sync_domains.dns_name = synced_users.domain`.execute(store);
  return rows.map((row) => ({
    credential: CREDENTIAL.of(row),
    user: USER.of(row),
    account: row[ACCOUNT.first] === null ? undefined : { ...ACCOUNT.of(row), ...DOMAIN.of(row) },
  }));
}

const keysGiven = givenRows<{ id: string }>({ id: 'text' });

/** The columns that are read of a table among others; the compiler sees that none is missing. */
function part<Row extends object>(table: string, columns: Readonly<Record<keyof Row & string, true>>) {
  const names = Object.keys(columns).map((name) => ({ name, as: `${table}_${name}` }));
  return {
    selected: sql.raw(names.map(({ name, as }) => `${table}.${name} as ${as}`).join(', ')),
    first: names[0]?.as ?? '',
    of(row: Record<string, unknown>): Row {
      const found: Record<string, unknown> = {};
      for (const { name, as } of names) found[name] = row[as];
      return found as Row; // each of its columns was selected
    },
  };
}

const CREDENTIAL = part<CredentialRow>('credentials', {
  id: true,
  user_id: true,
  public_key: true,
  counter: true,
  aaguid: true,
  attestation_format: true,
  attestation_object: true,
  statement_verified: true,
  transports: true,
  backup_eligible: true,
  backed_up: true,
  display_name: true,
  created_on: true,
  last_used_on: true,
  last_used_where: true,
  removed_on: true,
});
const USER = part<UserRow>('users', {
  id: true,
  user_principal_name: true,
  upn_folded: true,
  display_name: true,
  enabled: true,
  role: true,
  user_handle: true,
  on_premises_sid: true,
  on_premises_sam_account_name: true,
  on_premises_domain_name: true,
  created_on: true,
});
const ACCOUNT = part<SyncedUserRow>('synced_users', {
  user_id: true,
  domain: true,
  anchor: true,
  version: true,
  mail: true,
  enabled: true,
  account_expires_on: true,
  password_expires_on: true,
  must_change_password: true,
  locked_until: true,
  protected: true,
  primary_group_sid: true,
  deleted_on: true,
});
const DOMAIN = part<Pick<SyncDomainRow, 'domain_sid' | 'settings'>>('sync_domains', {
  domain_sid: true,
  settings: true,
});
