/** The property Primary:Kerberos-Newer-Keys: keys by encryption type ([MS-SAMR] 2.2.10.6 KERB_STORED_CREDENTIAL_NEW, 2.2.10.7 KERB_KEY_DATA_NEW). */
import { secretMalformed } from './supplemental-credentials.ts';

export const KERBEROS_NEWER_KEYS = 'Primary:Kerberos-Newer-Keys';

const REVISION = 4;
const HEAD = 24;
const ENTRY = 24;
const MAX_KEYS = 64;

export interface StoredKey {
  etype: number;
  key: Uint8Array;
}

/** The keys under the current password; those of the passwords before it are passed over. @throws ActiveDirectoryError `secret-malformed` */
export function readStoredKeys(bytes: Buffer): StoredKey[] {
  if (bytes.length < HEAD || bytes.readUInt16LE(0) !== REVISION)
    throw secretMalformed('revision of the keys');
  const count = bytes.readUInt16LE(4);
  if (count > MAX_KEYS || HEAD + count * ENTRY > bytes.length) throw secretMalformed('too many keys');
  return Array.from({ length: count }, (_, i): StoredKey => {
    const at = HEAD + i * ENTRY;
    const length = bytes.readUInt32LE(at + 16);
    const offset = bytes.readUInt32LE(at + 20);
    if (offset + length > bytes.length) throw secretMalformed('a key beyond the end');
    return {
      etype: bytes.readUInt32LE(at + 12),
      key: Uint8Array.from(bytes.subarray(offset, offset + length)),
    };
  });
}
