/** Reads the key of krbtgt_N back from a domain controller, over DRSUAPI ([MS-DRSR] 4.1.10, EXOP_REPL_OBJ). */
import { ETYPE } from '@kennel/kerberos';
import { guidText } from '../cldap/netlogon.ts';
import { ATTRIBUTE } from '../drsuapi/constants.ts';
import type { ObjectReply } from '../drsuapi/get-nc-changes-reply.ts';
import { KERBEROS_NEWER_KEYS, readStoredKeys } from '../drsuapi/kerberos-keys.ts';
import type { ReplicatedAttribute } from '../drsuapi/object.ts';
import { attributeType } from '../drsuapi/prefix-table.ts';
import { replicateObject } from '../drsuapi/read-object.ts';
import { decryptAttribute } from '../drsuapi/secret.ts';
import { readUserProperties } from '../drsuapi/supplemental-credentials.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { RpcConnection } from '../rpc/connection.ts';
import { findEndpoint } from '../rpc/endpoint-mapper.ts';
import type { RpcSecurity } from '../rpc/security.ts';
import { SYNTAX } from '../rpc/syntax.ts';

export interface KrbtgtKeyRequest {
  /** Name or IP address of the domain controller; `port` of DRSUAPI where the endpoint mapper is not to be asked. */
  dc: { host: string; port?: number };
  /** Distinguished name of the krbtgt account. */
  objectDn: string;
  /** A fresh context of one who may replicate secrets (a Domain Admin). */
  security: RpcSecurity;
  /** Milliseconds for each step; 30,000 unless told. */
  timeout?: number;
}

export interface KrbtgtKey {
  /** N of krbtgt_N; 0 for the domain's own krbtgt. */
  krbtgtNumber: number;
  /** The account's key version, msDS-KeyVersionNumber without N. */
  keyVersion: number;
  /** 32 bytes, etype 18. Worth the domain: seal it at once, never log it. */
  aes256: Uint8Array;
  /** When that key was made, UTC in whole seconds. */
  changedAt: Date;
  /** invocationId of the controller that made it. */
  changedFrom: string;
}

const WANTED = [
  ATTRIBUTE.SUPPLEMENTAL_CREDENTIALS,
  // Not for its value: how often it was written is the key version ([MS-ADTS] 3.1.1.4.5.16).
  ATTRIBUTE.UNICODE_PWD,
  ATTRIBUTE.SECONDARY_KRBTGT_NUMBER,
];

/**
 * @throws ActiveDirectoryError `access-denied`, `object-not-found`, `key-missing`, `secret-malformed`, `drs-*`, `rpc-*`, `dc-*`;
 *   KerberosError of the security context
 * @example
 * const { credentials } = await requestTicket({ tgt, sname: { nameType: 2, nameString: ['ldap', dcName] }, realm, transport });
 * const security = kerberosSecurity(credentials, { now: new Date() });
 * const { aes256, krbtgtNumber, keyVersion } = await readKrbtgtKey({ dc: { host: dcName }, objectDn, security });
 */
export async function readKrbtgtKey({
  dc,
  objectDn,
  security,
  timeout = 30_000,
}: KrbtgtKeyRequest): Promise<KrbtgtKey> {
  const { host } = dc;
  const port = dc.port ?? (await findEndpoint(host, SYNTAX.DRSUAPI, { timeout }));
  const rpc = await RpcConnection.open({ host, port }, SYNTAX.DRSUAPI, { security, timeout });
  try {
    const reply = await replicateObject(rpc, { dn: objectDn, attributes: WANTED });
    return krbtgtKey(reply, security.sessionKey);
  } finally {
    rpc.close();
  }
}

/** The key out of the replicated account. */
export function krbtgtKey({ object, prefixes }: ObjectReply, sessionKey: Uint8Array): KrbtgtKey {
  const find = (oid: string) => {
    const type = attributeType(prefixes, oid);
    return object.attributes.find((attribute) => attribute.type === type);
  };
  const credentials = find(ATTRIBUTE.SUPPLEMENTAL_CREDENTIALS);
  const password = find(ATTRIBUTE.UNICODE_PWD);
  const encrypted = credentials?.values[0];
  if (!encrypted || !password)
    throw new ActiveDirectoryError(
      'key-missing',
      `The domain controller gave no secrets of ${object.name.dn}. Check that it is the krbtgt account, that the credential is a Domain Admin's, and that this controller is writable.`,
    );
  const plain = decryptAttribute(sessionKey, encrypted);
  const properties = readUserProperties(plain);
  const stored = properties.get(KERBEROS_NEWER_KEYS);
  const found = stored && readStoredKeys(stored).find(({ etype }) => etype === ETYPE.AES256_CTS_HMAC_SHA1_96);
  for (const bytes of [plain, ...properties.values()]) bytes.fill(0);
  if (found?.key.length !== 32)
    throw new ActiveDirectoryError(
      'key-missing',
      'The account has no AES-256 key. Raise the domain functional level to 2008 or later, rotate the key, and try again.',
    );
  return {
    krbtgtNumber: secondaryNumber(find(ATTRIBUTE.SECONDARY_KRBTGT_NUMBER)),
    keyVersion: password.version & 0xffff,
    aes256: found.key,
    changedAt: password.changedAt,
    changedFrom: guidText(password.origin),
  };
}

/** An INTEGER value: four bytes, little-endian. */
function secondaryNumber(attribute: ReplicatedAttribute | undefined): number {
  const [value] = attribute?.values ?? [];
  return value?.length === 4 ? Buffer.from(value).readUInt32LE(0) & 0xffff : 0;
}
