/**
 * The next key of a Kerberos server. It is published while domain controllers may still not have it, tried by
 * probes, and used for tickets only when it is activated; the one before is kept.
 */
import { TenantError } from '../errors.ts';
import type { KerberosDomainRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { mintingKey, notPending, sealKey } from './keys.ts';
import { domainByName, replaceKeys } from './queries.ts';
import { noSuchDomain, toKerberosDomain } from './rules.ts';
import type { KerberosDomain, KeyActivation, NewPendingKey } from './schema.ts';

export async function domainRow(tenant: Tenant, dnsName: string): Promise<KerberosDomainRow> {
  const row = await domainByName(tenant.store, dnsName.toLowerCase());
  if (row === undefined) throw noSuchDomain(dnsName.toLowerCase());
  return row;
}

/**
 * Publishes a key that is not used yet. The same again changes nothing; another key takes its place.
 * @throws TenantError `kerberos-domain-not-found`, `krbtgt-number-differs`, `krbtgt-key-older` where a key of this
 *   or a later version is in use already
 */
export async function publishPendingKey(
  tenant: Tenant,
  by: Caller,
  dnsName: string,
  given: NewPendingKey,
): Promise<KerberosDomain> {
  const row = await domainRow(tenant, dnsName);
  if (given.krbtgtNumber !== row.krbtgt_number)
    throw new TenantError(
      'krbtgt-number-differs',
      `The tenant signs as krbtgt_${row.krbtgt_number} for ${row.dns_name}, and this key is of krbtgt_${given.krbtgtNumber}. If the objects were made anew, run \`kennel kerberos-server create\`.`,
    );
  if (given.keyVersion <= row.key_version)
    throw new TenantError(
      'krbtgt-key-older',
      `Version ${row.key_version} of this key is in use already; ${given.keyVersion} cannot follow it.`,
      { published: row.key_version, given: given.keyVersion },
    );
  const after: KerberosDomainRow = {
    ...row,
    pending_key_version: given.keyVersion,
    pending_key_sealed: sealKey(tenant, row.dns_name, given),
    pending_key_updated_on: given.keyUpdatedOn ?? iso(tenant.now()),
  };
  await change(tenant, row, after);
  await tenant.audit.record({
    ...by,
    event: 'kerberos-domain.key-pending',
    subject: subjectOf(row, given.keyVersion),
    outcome: 'allowed',
  });
  return toKerberosDomain(after);
}

/**
 * From now on tickets are signed with the pending key. Done again, it changes nothing.
 * @throws TenantError `kerberos-domain-not-found`, `krbtgt-key-not-pending`
 */
export async function activatePendingKey(
  tenant: Tenant,
  by: Caller,
  dnsName: string,
  { keyVersion, provenBy, without }: KeyActivation,
): Promise<KerberosDomain> {
  const row = await domainRow(tenant, dnsName);
  if (row.key_version === keyVersion && row.pending_key_version === null) return toKerberosDomain(row);
  if (row.pending_key_version !== keyVersion || row.pending_key_sealed === null)
    throw notPending(row.dns_name);
  mintingKey(tenant, row, 'pending'); // a key that cannot be opened must not take the place of one that can
  const after: KerberosDomainRow = {
    ...row,
    ...NO_PENDING_KEY,
    key_version: keyVersion,
    key_sealed: row.pending_key_sealed,
    key_updated_on: row.pending_key_updated_on ?? iso(tenant.now()),
    previous_key_version: row.key_version,
    previous_key_sealed: row.key_sealed,
  };
  await change(tenant, row, after);
  await tenant.audit.record({
    ...by,
    event: 'kerberos-domain.key-activated',
    subject: subjectOf(row, keyVersion),
    outcome: 'allowed',
    reason: [
      `proven by ${provenBy.join(', ') || 'none'}`,
      ...(without.length > 0 ? [`without ${without.join(', ')}`] : []),
    ]
      .join('; ')
      .slice(0, LONGEST_REASON),
  });
  return toKerberosDomain(after);
}

/** Forgets the pending key. @throws TenantError `kerberos-domain-not-found`, `krbtgt-key-not-pending` */
export async function discardPendingKey(tenant: Tenant, by: Caller, dnsName: string): Promise<void> {
  const row = await domainRow(tenant, dnsName);
  if (row.pending_key_version === null) throw notPending(row.dns_name);
  await change(tenant, row, { ...row, ...NO_PENDING_KEY });
  await tenant.audit.record({
    ...by,
    event: 'kerberos-domain.key-discarded',
    subject: subjectOf(row, row.pending_key_version),
    outcome: 'allowed',
  });
}

export const NO_PENDING_KEY = {
  pending_key_version: null,
  pending_key_sealed: null,
  pending_key_updated_on: null,
} as const;

const LONGEST_REASON = 256;

const subjectOf = (row: KerberosDomainRow, version: number) =>
  `kerberos-domain:${row.dns_name} krbtgt_${row.krbtgt_number} version ${version}`;

/** Two that change the keys at once do not undo one another's work. @throws TenantError `changed-meanwhile` */
async function change(tenant: Tenant, before: KerberosDomainRow, after: KerberosDomainRow): Promise<void> {
  if (!(await replaceKeys(tenant.store, before, after)))
    throw new TenantError(
      'changed-meanwhile',
      `The keys of ${before.dns_name} were changed by another command at the same time. Run this one again.`,
    );
}
