/** The Kerberos server's key out of a keytab that was exported on a domain controller. */
import { decodeKeytab, ETYPE, KerberosError, splitKvno } from '@kennel/kerberos';

export interface KerberosServerKey {
  realm: string;
  /** N of krbtgt_N. */
  krbtgtNumber: number;
  keyVersion: number;
  etype: typeof ETYPE.AES256_CTS_HMAC_SHA1_96;
  /** 32 bytes. */
  key: Uint8Array;
}

/**
 * The newest AES-256 key of the keytab; number and version are read from its kvno (N << 16 | version).
 * @throws KerberosError `keytab-empty`, `keytab-malformed`; `value-out-of-range` where the key is no read-only
 *   domain controller's; `etype-unsupported` where it has no AES-256 key
 */
export function kerberosServerKey(keytab: Uint8Array): KerberosServerKey {
  const entries = decodeKeytab(keytab).filter(({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96);
  const newest = entries.reduce<(typeof entries)[number] | undefined>(
    (best, entry) => (best && splitKvno(best.kvno).version >= splitKvno(entry.kvno).version ? best : entry),
    undefined,
  );
  if (!newest)
    throw new KerberosError(
      'etype-unsupported',
      'The keytab has no AES-256 key. Allow AES on the account (msDS-SupportedEncryptionTypes), reset its password, and export again.',
    );
  const { number, version } = splitKvno(newest.kvno);
  if (number === 0 || version === 0)
    throw new KerberosError(
      'value-out-of-range',
      `The keytab holds ${newest.name.nameString.join('/')}, which is no Kerberos server's account: the upper half of its key version is ${number}. Export krbtgt_<N>.`,
    );
  return {
    realm: newest.realm,
    krbtgtNumber: number,
    keyVersion: version,
    etype: ETYPE.AES256_CTS_HMAC_SHA1_96,
    key: newest.key,
  };
}

/**
 * A key as a tenant takes it: the members of its KerberosDomain, the key in base64.
 * @param domain NetBIOS name: the first label of the realm unless given
 */
export function publicationOf(
  { realm, key, ...server }: KerberosServerKey,
  { domainSid, netbiosName }: { domainSid: string; netbiosName?: string | undefined },
) {
  return {
    ...server,
    realm,
    dnsName: realm.toLowerCase(),
    netbiosName: netbiosName ?? realm.split('.')[0] ?? realm,
    domainSid,
    key: Buffer.from(key).toString('base64'),
  };
}
