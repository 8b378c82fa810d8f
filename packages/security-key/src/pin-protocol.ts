/** PIN/UV auth protocols one and two (CTAP 2.1, sections 6.5.6 and 6.5.7), as both ends use them. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export type PinProtocolNumber = 1 | 2;

/** One PIN/UV auth protocol over a shared secret: 32 bytes for one; HMAC key then AES key (64 bytes) for two. */
export interface PinProtocol {
  readonly number: PinProtocolNumber;
  /** The shared secret from the ECDH x-coordinate (32 bytes). */
  kdf(z: Uint8Array): Uint8Array;
  /** Plaintext of whole 16-byte blocks. */
  encrypt(secret: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** undefined where the ciphertext has no possible length. */
  decrypt(secret: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;
  /** MAC of a message under a shared secret or a pinUvAuthToken: 16 bytes for one, 32 for two. */
  authenticate(key: Uint8Array, message: Uint8Array): Uint8Array;
}

const BLOCK = 16;
const NO_IV = Buffer.alloc(BLOCK);

const one: PinProtocol = {
  number: 1,
  kdf: (z) => createHash('sha256').update(z).digest(),
  encrypt: (secret, plaintext) => cbcEncrypt(secret, NO_IV, plaintext),
  decrypt: (secret, ciphertext) => cbcDecrypt(secret, NO_IV, ciphertext),
  authenticate: (key, message) => createHmac('sha256', key).update(message).digest().subarray(0, 16),
};

const two: PinProtocol = {
  number: 2,
  kdf: (z) =>
    Buffer.concat(
      ['CTAP2 HMAC key', 'CTAP2 AES key'].map((info) =>
        Buffer.from(hkdfSync('sha256', z, Buffer.alloc(32), info, 32)),
      ),
    ),
  encrypt(secret, plaintext) {
    const iv = randomBytes(BLOCK);
    return Buffer.concat([iv, cbcEncrypt(secret.subarray(32), iv, plaintext)]);
  },
  decrypt(secret, ciphertext) {
    if (ciphertext.length < BLOCK) return undefined;
    return cbcDecrypt(secret.subarray(32), ciphertext.subarray(0, BLOCK), ciphertext.subarray(BLOCK));
  },
  // A shared secret's first half is its HMAC key; a token is 32 bytes and used whole.
  authenticate: (key, message) => createHmac('sha256', key.subarray(0, 32)).update(message).digest(),
};

/** The protocol of a number; undefined for one that is not known. */
export function pinProtocol(number: number): PinProtocol | undefined {
  return number === 1 ? one : number === 2 ? two : undefined;
}

/** Whether `mac` is the protocol's MAC of `message` under `key`, in constant time. */
export function verifyMac(
  protocol: PinProtocol,
  key: Uint8Array,
  message: Uint8Array,
  mac: Uint8Array,
): boolean {
  const expected = protocol.authenticate(key, message);
  return expected.length === mac.length && timingSafeEqual(expected, mac);
}

/** LEFT(SHA-256(PIN), 16): what CTAP sends and stores in place of the PIN. */
export function pinHash(pin: Uint8Array): Uint8Array {
  return createHash('sha256').update(pin).digest().subarray(0, 16);
}

function cbcEncrypt(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

function cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Buffer | undefined {
  if (ciphertext.length === 0 || ciphertext.length % BLOCK !== 0) return undefined;
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}
