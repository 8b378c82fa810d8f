/**
 * The two keys of an offline cache. The content key is random; it is sealed under a key that is derived (HKDF, RFC 5869)
 * from the secret which the security key gives for the cache's salt, after PIN and touch, and that exists nowhere else.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { type MasterKey, masterKeyOf, open, SecretsError, seal } from '@kennel/secrets';
import { DeviceError } from '../errors/device-error.ts';
import { userLabel } from '../state/user.ts';
import type { OfflineCache } from './cache.ts';

const INFO = 'kennel offline sign-in v1';
const KEY_BYTES = 32;

/** What the derived key is bound to, beside the salt: another credential or device gives another key. */
type Bound = Pick<OfflineCache, 'deviceId' | 'user' | 'credential'>;

/** A fresh content key; `bytes` are the caller's to wipe. */
export function newContentKey(): { bytes: Buffer; key: MasterKey } {
  const bytes = randomBytes(KEY_BYTES);
  return { bytes, key: masterKeyOf(Buffer.from(bytes)) };
}

/** @param secret of the security key, 32 bytes; the caller's to wipe */
export function wrap(secret: Uint8Array, bound: Bound, contentKey: Uint8Array): string {
  const sealed = seal(derived(secret, bound), userLabel(bound.user.upn, 'offline-key'), contentKey);
  return Buffer.from(sealed).toString('base64url');
}

/** @returns the content key, 32 bytes; the caller's to wipe. @throws DeviceError `state-damaged` */
export function unwrap(secret: Uint8Array, cache: OfflineCache): Buffer {
  const label = userLabel(cache.user.upn, 'offline-key');
  try {
    return Buffer.from(open(derived(secret, cache), label, Buffer.from(cache.wrapped, 'base64url')));
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    // The key verified as the right one, so what does not fit is the file.
    throw new DeviceError('state-damaged', { about: 'offline sign-in', details: { cause: error.code } });
  }
}

function derived(secret: Uint8Array, { deviceId, credential }: Bound): MasterKey {
  const { id, publicKey, rpId, origin, salt } = credential;
  const info = [INFO, deviceId, rpId, origin, id, publicKey].join('\0');
  return masterKeyOf(
    Buffer.from(hkdfSync('sha256', secret, Buffer.from(salt, 'base64url'), info, KEY_BYTES)),
  );
}
