/** KerberosDomains: published, listed, removed. The previous key is kept, sealed, until the next rotation. */
import { joinKvno } from '@kennel/kerberos';
import { TenantError } from '../errors.ts';
import type { KerberosDomainRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { iso } from '../time.ts';
import { sealKey } from './keys.ts';
import { deleteDomain, domainByName, listDomains, upsertDomain } from './queries.ts';
import type { KerberosDomain, NewKerberosDomain } from './schema.ts';

/**
 * Publishes a domain, or a newer key of it. The same again changes nothing but the names.
 *
 * @throws TenantError `krbtgt-key-older` for a version below the published one of the same krbtgt,
 *   `sid-outside-domain` where the domain's SID would change under its users
 */
export async function publishDomain(
  tenant: Tenant,
  by: Caller,
  given: NewKerberosDomain,
): Promise<KerberosDomain> {
  const before = await domainByName(tenant.store, given.dnsName);
  const now = iso(tenant.now());
  if (before !== undefined && before.domain_sid !== given.domainSid) {
    throw new TenantError(
      'sid-outside-domain',
      `${given.dnsName} was published with the SID ${before.domain_sid}. Remove it first if it is another domain now.`,
    );
  }
  const sameKrbtgt = before !== undefined && before.krbtgt_number === given.krbtgtNumber;
  if (sameKrbtgt && given.keyVersion < before.key_version) {
    throw new TenantError(
      'krbtgt-key-older',
      `Version ${before.key_version} of this key is published already. Export the current key on the DC and publish that one.`,
      {
        published: before.key_version,
        given: given.keyVersion,
      },
    );
  }
  const newer = !sameKrbtgt || given.keyVersion > before.key_version;
  const row: KerberosDomainRow = {
    dns_name: given.dnsName,
    realm: given.realm ?? given.dnsName.toUpperCase(),
    netbios_name: given.netbiosName,
    domain_sid: given.domainSid,
    krbtgt_number: given.krbtgtNumber,
    key_version: given.keyVersion,
    key_sealed: sealKey(tenant, given.dnsName, given),
    // A key of another krbtgt is no previous key of this one.
    previous_key_version: newer ? (sameKrbtgt ? before.key_version : null) : before.previous_key_version,
    previous_key_sealed: newer ? (sameKrbtgt ? before.key_sealed : null) : before.previous_key_sealed,
    key_updated_on: given.keyUpdatedOn ?? (newer ? now : before.key_updated_on),
    published_on: before?.published_on ?? now,
    // A key that is still to come stays, unless it has come now or belongs to another krbtgt.
    ...(sameKrbtgt && (before.pending_key_version ?? 0) > given.keyVersion ? pendingOf(before) : pendingOf()),
  };
  await upsertDomain(tenant.store, row);
  await tenant.audit.record({
    ...by,
    event: 'kerberos-domain.published',
    subject: `kerberos-domain:${row.dns_name} krbtgt_${row.krbtgt_number} version ${row.key_version}`,
    outcome: 'allowed',
  });
  return toKerberosDomain(row);
}

export async function listKerberosDomains(tenant: Tenant): Promise<KerberosDomain[]> {
  return (await listDomains(tenant.store)).map(toKerberosDomain);
}

/** @throws TenantError `kerberos-domain-not-found` */
export async function removeKerberosDomain(tenant: Tenant, by: Caller, dnsName: string): Promise<void> {
  const name = dnsName.toLowerCase();
  if (!(await deleteDomain(tenant.store, name))) {
    throw noSuchDomain(name);
  }
  await tenant.audit.record({
    ...by,
    event: 'kerberos-domain.removed',
    subject: `kerberos-domain:${name}`,
    outcome: 'allowed',
  });
}

export const noSuchDomain = (name: string) =>
  new TenantError(
    'kerberos-domain-not-found',
    `There is no KerberosDomain ${name}. \`kennel kerberos-server list\` shows them all.`,
  );

const pendingOf = (row?: KerberosDomainRow) => ({
  pending_key_version: row?.pending_key_version ?? null,
  pending_key_sealed: row?.pending_key_sealed ?? null,
  pending_key_updated_on: row?.pending_key_updated_on ?? null,
});

export function toKerberosDomain(row: KerberosDomainRow): KerberosDomain {
  return {
    dnsName: row.dns_name,
    realm: row.realm,
    netbiosName: row.netbios_name,
    domainSid: row.domain_sid,
    krbtgtNumber: row.krbtgt_number,
    keyVersion: row.key_version,
    kvno: joinKvno(row.krbtgt_number, row.key_version),
    previousKeyVersion: row.previous_key_version,
    pendingKeyVersion: row.pending_key_version,
    keyUpdatedOn: row.key_updated_on,
    publishedOn: row.published_on,
  };
}
