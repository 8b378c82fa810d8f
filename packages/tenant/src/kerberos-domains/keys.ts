/** The sealed keys of a KerberosDomain. A key leaves this file only towards the mint, never in an answer. */
import { joinKvno, Key } from '@kennel/kerberos';
import { open, seal } from '@kennel/secrets';
import { TenantError } from '../errors.ts';
import type { KerberosDomainRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';

/** aes256-cts-hmac-sha1-96 (RFC 3962). */
const ETYPE = 18;

/** The key in use, or the one that waits until every domain controller has it. */
export type WhichKey = 'current' | 'pending';

const label = (dnsName: string, krbtgtNumber: number, keyVersion: number) => ({
  purpose: 'krbtgt-key',
  row: `${dnsName}/${krbtgtNumber}/${keyVersion}`,
});

/** Seals a key that came in as base64; the decoded bytes are wiped. */
export function sealKey(
  tenant: Tenant,
  dnsName: string,
  given: { krbtgtNumber: number; keyVersion: number; key: string },
): string {
  const key = Buffer.from(given.key, 'base64');
  const sealed = seal(tenant.master, label(dnsName, given.krbtgtNumber, given.keyVersion), key);
  key.fill(0);
  return Buffer.from(sealed).toString('base64url');
}

/** Opened keys by domain: a rotated key is another sealed text, and takes the place of the old one. */
const opened = new WeakMap<Tenant, Map<string, { sealed: string; key: Key }>>();

/**
 * A domain's key, opened once for each version, and the kvno of tickets under it.
 * @throws TenantError `krbtgt-key-not-pending`; SecretsError
 */
export function mintingKey(
  tenant: Tenant,
  row: KerberosDomainRow,
  which: WhichKey = 'current',
): { key: Key; kvno: number } {
  const version = which === 'current' ? row.key_version : row.pending_key_version;
  const sealed = which === 'current' ? row.key_sealed : row.pending_key_sealed;
  if (version === null || sealed === null) throw notPending(row.dns_name);
  const known = opened.get(tenant) ?? new Map<string, { sealed: string; key: Key }>();
  opened.set(tenant, known);
  const name = `${which}:${row.dns_name}`;
  let entry = known.get(name);
  if (entry?.sealed !== sealed) {
    const bytes = open(
      tenant.master,
      label(row.dns_name, row.krbtgt_number, version),
      Buffer.from(sealed, 'base64url'),
    );
    entry = { sealed, key: new Key(ETYPE, bytes) };
    known.set(name, entry);
  }
  return { key: entry.key, kvno: joinKvno(row.krbtgt_number, version) };
}

export const notPending = (dnsName: string) =>
  new TenantError(
    'krbtgt-key-not-pending',
    `No key of ${dnsName} waits to be used. \`kennel kerberos-server get\` shows both sides.`,
  );
