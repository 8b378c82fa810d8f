/**
 * Keys derived from the session key: the counter mode of NIST SP 800-108 (section 4.1) with HMAC-SHA256, one
 * block, a 32-bit counter and length ([MS-OAPXBC] 3.1.5.1.3.1 and, for version 2, 3.2.5.1.2.3).
 */
import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { PrtError } from './errors.ts';
import { SESSION_KEY_BYTES } from './registry.ts';

const LABEL = 'AzureAD-SecureConversation';
const COUNTER_ONE = Uint8Array.of(0, 0, 0, 1);
const SEPARATOR = Uint8Array.of(0);
const LENGTH_256_BITS = Uint8Array.of(0, 0, 1, 0);

function derive(sessionKey: Uint8Array, context: Uint8Array): Uint8Array {
  if (sessionKey.length !== SESSION_KEY_BYTES) {
    throw new PrtError('bad-session-key', 'The session key is not 32 bytes; sign in again.');
  }
  // A key object costs less than the bytes themselves.
  return createHmac('sha256', createSecretKey(sessionKey))
    .update(COUNTER_ONE)
    .update(LABEL)
    .update(SEPARATOR)
    .update(context)
    .update(LENGTH_256_BITS)
    .digest();
}

/**
 * The key of version 1: of every JWE under the session key, and of requests without `kdf_ver`.
 *
 * @param ctx the `ctx` of the header, 24 bytes (some clients: 32)
 * @returns 32 bytes
 * @throws PrtError bad-session-key
 */
export function deriveSessionKeyV1(sessionKey: Uint8Array, ctx: Uint8Array): Uint8Array {
  return derive(sessionKey, ctx);
}

/**
 * The key of version 2, which binds the derived key to the request that it signs.
 *
 * @param jwsPayload the payload's bytes as they were sent, not parsed and written again
 * @returns 32 bytes
 * @throws PrtError bad-session-key
 */
export function deriveSessionKeyV2(
  sessionKey: Uint8Array,
  ctx: Uint8Array,
  jwsPayload: Uint8Array,
): Uint8Array {
  return derive(sessionKey, createHash('sha256').update(ctx).update(jwsPayload).digest());
}
