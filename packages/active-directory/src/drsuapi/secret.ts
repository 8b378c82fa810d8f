/** Secret attributes as they are replicated: ENCRYPTED_PAYLOAD ([MS-DRSR] 4.1.10.2.17, 4.1.10.5.11). */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ActiveDirectoryError } from '../errors.ts';
import { rc4 } from './rc4.ts';

const SALT = 16;
const CHECKSUM = 4;

/**
 * The attribute's value in clear.
 * @param sessionKey of the RPC connection's security, whole
 * @throws ActiveDirectoryError `secret-malformed` where it is too short or under another key
 */
export function decryptAttribute(sessionKey: Uint8Array, payload: Uint8Array): Buffer {
  const wrong = () =>
    new ActiveDirectoryError(
      'secret-malformed',
      "The account's secret cannot be decrypted. Try again; if it stays so, name another domain controller.",
    );
  if (payload.length < SALT + CHECKSUM) throw wrong();
  const key = createHash('md5').update(sessionKey).update(payload.subarray(0, SALT)).digest();
  const plain = rc4(key, payload.subarray(SALT));
  key.fill(0);
  const value = plain.subarray(CHECKSUM);
  if (crc32(value) !== plain.readUInt32LE(0)) throw wrong();
  return value;
}
