/**
 * Sealed values: AES-256-GCM (NIST SP 800-38D) under the master key, bound to what they are for and to the row
 * that holds them, so that a sealed value moved elsewhere does not open.
 *
 *   version (1 byte) | id of the master key (8) | nonce (12, random) | ciphertext | tag (16)
 *
 * One master key seals at most 2^32 values (the bound for random nonces): a billion sign-ins and more.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { SecretsError } from './errors.ts';
import type { MasterKey } from './master-key.ts';

const VERSION = 1;
const ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + ID_BYTES;
const CIPHER = 'aes-256-gcm';

/** What a sealed value is for (`token-signing-key`) and the identity of its row. Not secret; not stored in it. */
export interface SealLabel {
  readonly purpose: string;
  readonly row: string;
}

/** Seals bytes of any length (37 bytes are added). */
export function seal(master: MasterKey, label: SealLabel, plaintext: Uint8Array): Uint8Array {
  const header = Buffer.concat([Buffer.from([VERSION]), Buffer.from(master.id, 'hex')]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, master.key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(header, label));
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Opens a sealed value.
 *
 * @throws SecretsError `sealed-value-malformed` (truncated, other version), `master-key-wrong` (sealed under
 *   another master key), `sealed-value-altered` (changed, or moved from another row or purpose)
 */
export function open(master: MasterKey, label: SealLabel, sealed: Uint8Array): Uint8Array {
  if (sealed.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES || sealed[0] !== VERSION) {
    throw new SecretsError(
      'sealed-value-malformed',
      `A sealed value (${label.purpose}) is truncated or of an unknown version. Restore the store from your backup.`,
      { ...label, length: sealed.length },
    );
  }
  const keyId = sealedUnder(sealed);
  if (keyId !== master.id) {
    throw new SecretsError(
      'master-key-wrong',
      `A stored secret (${label.purpose}) was sealed under master key ${keyId}, but the key in use is ${master.id}. Put the right master key back.`,
      { ...label, sealedUnder: keyId, masterKey: master.id },
    );
  }
  const header = sealed.subarray(0, HEADER_BYTES);
  const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const ciphertext = sealed.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, master.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData(header, label));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    throw new SecretsError(
      'sealed-value-altered',
      `A stored secret (${label.purpose}) was altered or moved. Restore the store from your backup and look into who wrote to it.`,
      { ...label },
    );
  }
}

/** The id of the master key that a sealed value needs. */
export function sealedUnder(sealed: Uint8Array): string {
  return Buffer.from(sealed.subarray(1, HEADER_BYTES)).toString('hex');
}

/** Rotation of the master key: the same value under another one. Throws as {@link open}. */
export function reseal(from: MasterKey, to: MasterKey, label: SealLabel, sealed: Uint8Array): Uint8Array {
  const plaintext = open(from, label, sealed);
  try {
    return seal(to, label, plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/** Header, purpose and row; each text with its length before it, so that no two labels give the same bytes. */
function additionalData(header: Uint8Array, label: SealLabel): Buffer {
  const parts: Uint8Array[] = [header];
  for (const text of [label.purpose, label.row]) {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}
