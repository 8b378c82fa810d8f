/**
 * The session key on its way to the device: a compact JWE (RFC 7516) with RSA-OAEP (SHA-1, RFC 7518 section
 * 4.3) and A256GCM, where the content encryption key itself is the session key and the content is one space
 * ([MS-OAPXBC] 3.2.5.1.2.2). JOSE libraries keep that key to themselves, hence this module.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { encodeBase64Url } from './base64.ts';
import { decodePart, parseJsonObject, splitCompact } from './compact.ts';
import { PrtError } from './errors.ts';
import { LIMITS, SESSION_KEY_BYTES } from './registry.ts';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
const HEADER = encodeBase64Url(Buffer.from('{"enc":"A256GCM","alg":"RSA-OAEP"}'));
const CONTENT = Uint8Array.of(0x20);

/**
 * Makes a new session key and wraps it to a device's transport key.
 *
 * @returns the session key, 32 random bytes, and the value of `session_key_jwe`
 */
export async function wrapSessionKey(
  transportKey: KeyObject,
): Promise<{ sessionKey: Uint8Array; jwe: string }> {
  const key = transportKey.type === 'private' ? createPublicKey(transportKey) : transportKey;
  const sessionKey = randomBytes(SESSION_KEY_BYTES);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(sessionKey), iv).setAAD(Buffer.from(HEADER));
  const content = Buffer.concat([cipher.update(CONTENT), cipher.final()]);
  const parts = [publicEncrypt({ key, ...OAEP }, sessionKey), iv, content, cipher.getAuthTag()];
  return { sessionKey, jwe: [HEADER, ...parts.map(encodeBase64Url)].join('.') };
}

/**
 * Unwraps `session_key_jwe`.
 *
 * @returns the session key, 32 bytes
 * @throws PrtError malformed-jwe, or decryption-failed where it was made for another transport key
 */
export function unwrapSessionKey(transportPrivateKey: KeyObject, jwe: string): Uint8Array {
  const parts = takeApart(jwe);
  return explained(() =>
    checked(privateDecrypt({ key: transportPrivateKey, ...OAEP }, parts.wrapped), parts),
  );
}

/** The same with a key that does not leave its place. @param decrypt RSA-OAEP with SHA-1; throws where it cannot */
export async function unwrapSessionKeyBy(
  decrypt: (wrapped: Uint8Array) => Promise<Uint8Array>,
  jwe: string,
): Promise<Uint8Array> {
  const parts = takeApart(jwe);
  const sessionKey = await decrypt(parts.wrapped);
  return explained(() => checked(sessionKey, parts));
}

interface WrappedKey {
  header: string;
  wrapped: Uint8Array;
  iv: Uint8Array;
  content: Uint8Array;
  tag: Uint8Array;
}

function takeApart(jwe: string): WrappedKey {
  const [header = '', ...rest] = splitCompact(jwe, 5, LIMITS.jwe, 'malformed-jwe');
  const { alg, enc } = parseJsonObject(decodePart(header, 'malformed-jwe'), 'malformed-jwe');
  if (alg !== 'RSA-OAEP' || enc !== 'A256GCM') {
    throw new PrtError('malformed-jwe', 'The session key is wrapped in a way that is not supported.', {
      alg,
      enc,
    });
  }
  const [wrapped, iv, content, tag] = rest.map((text) => decodePart(text, 'malformed-jwe'));
  if (!wrapped || !content || iv?.length !== 12 || tag?.length !== 16) {
    throw new PrtError('malformed-jwe', 'The wrapped session key has a part of the wrong length.');
  }
  return { header, wrapped, iv, content, tag };
}

/** The key opens the content, so it is the one that was wrapped. */
function checked(sessionKey: Uint8Array, { header, iv, content, tag }: WrappedKey): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', sessionKey, iv, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(header)).setAuthTag(tag);
  decipher.update(content);
  decipher.final();
  return sessionKey;
}

function explained(work: () => Uint8Array): Uint8Array {
  try {
    return work();
  } catch (error) {
    throw new PrtError(
      'decryption-failed',
      'The session key was not wrapped for this device; join the device again if this persists.',
      { cause: String(error) },
    );
  }
}
