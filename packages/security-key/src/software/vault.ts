/**
 * The software key's key hierarchy: argon2id of the CTAP PIN hash gives a verifier and a wrapping key; the wrapping
 * key wraps a random key-encryption key; that one seals each credential's secrets. (RFC 9106; AES-256-GCM.)
 */
import {
  type Argon2Parameters,
  argon2,
  createCipheriv,
  createDecipheriv,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { PinRecord, Sealed } from './state.ts';

/**
 * OWASP's minimum for argon2id: 19 MiB, two passes. Every command that uses the key derives anew, and a PIN that is short
 * is guessed off-line at any cost: the key is for labs.
 */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const WRAP_CONTEXT = Buffer.from('kennel software key: key-encryption key v1');

const derive = promisify<'argon2id', Argon2Parameters, Buffer>(argon2);

/** Holds the key-encryption key in memory from the first right PIN to the end of the process. */
export class Vault {
  #key: Buffer | undefined;

  get unlocked(): boolean {
    return this.#key !== undefined;
  }

  /** The record of a new PIN. A first PIN makes a new key-encryption key; a changed one wraps the old one anew. */
  async enroll(pinHash: Uint8Array): Promise<PinRecord> {
    const salt = randomBytes(16);
    const { verifier, wrapping } = await stretch(pinHash, salt, COST);
    const key = this.#key ?? randomBytes(32);
    const wrappedKey = seal(wrapping, key, WRAP_CONTEXT);
    wrapping.fill(0);
    this.#key = key;
    return { salt: text(salt), ...COST, verifier: text(verifier), wrappedKey };
  }

  /** Whether the PIN hash is the record's, compared in constant time; if so, the vault is open. */
  async verify(pinHash: Uint8Array, record: PinRecord): Promise<boolean> {
    const { verifier, wrapping } = await stretch(pinHash, bytes(record.salt), record);
    const right = timingSafeEqual(verifier, bytes(record.verifier));
    if (right) this.#key = unseal(wrapping, record.wrappedKey, WRAP_CONTEXT);
    wrapping.fill(0);
    return right;
  }

  /** Seal a credential's secrets, bound to `context`. Throws where the vault is locked. */
  seal(secret: Uint8Array, context: Uint8Array): Sealed {
    return seal(this.#open(), secret, context);
  }

  /** The secrets again. Throws where the vault is locked, or the file was tampered with. */
  unseal(sealed: Sealed, context: Uint8Array): Buffer {
    return unseal(this.#open(), sealed, context);
  }

  lock(): void {
    this.#key?.fill(0);
    this.#key = undefined;
  }

  #open(): Buffer {
    if (this.#key === undefined) throw new Error('the vault is locked: no PIN since the start');
    return this.#key;
  }
}

async function stretch(
  pinHash: Uint8Array,
  salt: Uint8Array,
  cost: Pick<PinRecord, 'memory' | 'passes' | 'parallelism'>,
): Promise<{ verifier: Buffer; wrapping: Buffer }> {
  const { memory, passes, parallelism } = cost;
  const output = await derive('argon2id', {
    message: pinHash,
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength: 64,
  });
  return { verifier: output.subarray(0, 32), wrapping: output.subarray(32) };
}

function seal(key: Uint8Array, secret: Uint8Array, context: Uint8Array): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(context);
  const data = Buffer.concat([cipher.update(secret), cipher.final()]);
  return { iv: text(iv), data: text(data), tag: text(cipher.getAuthTag()) };
}

function unseal(key: Uint8Array, sealed: Sealed, context: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes(sealed.iv), { authTagLength: 16 });
  decipher.setAAD(context).setAuthTag(bytes(sealed.tag));
  return Buffer.concat([decipher.update(bytes(sealed.data)), decipher.final()]);
}

const text = (value: Buffer) => value.toString('base64url');
const bytes = (value: string) => Buffer.from(value, 'base64url');
