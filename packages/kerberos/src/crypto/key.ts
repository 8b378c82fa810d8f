/**
 * An encryption key with its etype: encrypt, decrypt and checksum by key usage (RFC 3961 section 5.3, RFC 3962
 * section 6). Derived keys are kept, so that a long-lived key derives each usage once.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { KerberosError } from '../errors.ts';
import { CKSUMTYPE, ETYPE } from '../iana/etypes.ts';
import { deriveKey, usageConstant } from './rfc3961.ts';
import { decryptCts, encryptCts, stringToKey } from './rfc3962.ts';

export const MAC_LENGTH = 12;
export const CONFOUNDER_LENGTH = 16;
const KEY_LENGTH: Readonly<Record<number, 16 | 32>> = {
  [ETYPE.AES128_CTS_HMAC_SHA1_96]: 16,
  [ETYPE.AES256_CTS_HMAC_SHA1_96]: 32,
};

type Kind = 'checksum' | 'encryption' | 'integrity';

export class Key {
  readonly etype: number;
  readonly value: Uint8Array;
  readonly #derived = new Map<number, KeyObject>();

  /** @throws KerberosError `etype-unsupported` for an etype other than 17 and 18, or a value of the wrong length. */
  constructor(etype: number, value: Uint8Array) {
    if (KEY_LENGTH[etype] === undefined || KEY_LENGTH[etype] !== value.length)
      throw new KerberosError(
        'etype-unsupported',
        `Encryption type ${etype} is not supported here; AES (17, 18) is needed.`,
        { etype },
      );
    this.etype = etype;
    this.value = value;
  }

  static random(etype: number = ETYPE.AES256_CTS_HMAC_SHA1_96): Key {
    return new Key(etype, randomBytes(KEY_LENGTH[etype] ?? 32));
  }

  /** The key of a password (RFC 3962 section 4); AD's salt for a user is REALM + name. */
  static fromPassword(
    password: string,
    salt: string,
    etype: number = ETYPE.AES256_CTS_HMAC_SHA1_96,
    iterations = 4096,
  ): Key {
    return new Key(etype, stringToKey(password, salt, KEY_LENGTH[etype] ?? 32, iterations));
  }

  /** The checksum type that belongs to this key. */
  get checksumType(): number {
    return this.etype === ETYPE.AES256_CTS_HMAC_SHA1_96
      ? CKSUMTYPE.HMAC_SHA1_96_AES256
      : CKSUMTYPE.HMAC_SHA1_96_AES128;
  }

  #derive(usage: number, kind: Kind): KeyObject {
    const id = usage * 4 + (kind === 'checksum' ? 0 : kind === 'encryption' ? 1 : 2);
    let key = this.#derived.get(id);
    if (!key) {
      key = createSecretKey(deriveKey(this.value, usageConstant(usage, kind)));
      this.#derived.set(id, key);
    }
    return key;
  }

  /** confounder | plaintext, encrypted, then 12 bytes of HMAC-SHA1. A confounder is given only to check vectors. */
  encrypt(
    usage: number,
    plaintext: Uint8Array,
    confounder: Uint8Array = randomBytes(CONFOUNDER_LENGTH),
  ): Buffer {
    const input = Buffer.concat([confounder, plaintext]);
    const mac = createHmac('sha1', this.#derive(usage, 'integrity'))
      .update(input)
      .digest()
      .subarray(0, MAC_LENGTH);
    return Buffer.concat([encryptCts(this.#derive(usage, 'encryption'), input), mac]);
  }

  /** @throws KerberosError `integrity-check-failed` where key, usage or ciphertext is not the right one. */
  decrypt(usage: number, ciphertext: Uint8Array): Buffer {
    if (ciphertext.length < CONFOUNDER_LENGTH + MAC_LENGTH)
      throw new KerberosError('integrity-check-failed', 'The ciphertext is too short.');
    const split = ciphertext.length - MAC_LENGTH;
    const plaintext = decryptCts(this.#derive(usage, 'encryption'), ciphertext.subarray(0, split));
    const mac = createHmac('sha1', this.#derive(usage, 'integrity'))
      .update(plaintext)
      .digest()
      .subarray(0, MAC_LENGTH);
    if (!timingSafeEqual(mac, ciphertext.subarray(split)))
      throw new KerberosError('integrity-check-failed', 'The ciphertext does not belong to this key.');
    return plaintext.subarray(CONFOUNDER_LENGTH);
  }

  /**
   * Encrypts the sealed parts as one message, each in its place; the HMAC is over all of them in their order,
   * the unsealed ones too (as [MS-KILE] 3.4.5.4 seals a message of DCE/RPC).
   */
  encryptParts(
    usage: number,
    parts: readonly { data: Uint8Array; sealed: boolean }[],
  ): { confounder: Buffer; pieces: Buffer[]; mac: Buffer } {
    const confounder = randomBytes(CONFOUNDER_LENGTH);
    const sealed = parts.filter((part) => part.sealed).map(({ data }) => data);
    const cipher = encryptCts(this.#derive(usage, 'encryption'), Buffer.concat([confounder, ...sealed]));
    return {
      confounder: cipher.subarray(0, CONFOUNDER_LENGTH),
      pieces: inPlaces(parts, cipher),
      mac: this.#integrity(usage, confounder, ...parts.map(({ data }) => data)),
    };
  }

  /** The reverse of `encryptParts`. @throws KerberosError `integrity-check-failed` */
  decryptParts(
    usage: number,
    message: {
      confounder: Uint8Array;
      parts: readonly { data: Uint8Array; sealed: boolean }[];
      mac: Uint8Array;
    },
  ): Buffer[] {
    const sealed = message.parts.filter((part) => part.sealed).map(({ data }) => data);
    const cipher = Buffer.concat([message.confounder, ...sealed]);
    const plain = decryptCts(this.#derive(usage, 'encryption'), cipher);
    const pieces = inPlaces(message.parts, plain);
    const mac = this.#integrity(usage, plain.subarray(0, CONFOUNDER_LENGTH), ...pieces);
    if (message.mac.length !== MAC_LENGTH || !timingSafeEqual(mac, message.mac))
      throw new KerberosError('integrity-check-failed', 'The ciphertext does not belong to this key.');
    return pieces;
  }

  #integrity(usage: number, ...data: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha1', this.#derive(usage, 'integrity'));
    for (const part of data) hmac.update(part);
    return hmac.digest().subarray(0, MAC_LENGTH);
  }

  /** 12 bytes of HMAC-SHA1 under Kc. */
  checksum(usage: number, ...data: readonly Uint8Array[]): Buffer {
    const hmac = createHmac('sha1', this.#derive(usage, 'checksum'));
    for (const part of data) hmac.update(part);
    return hmac.digest().subarray(0, MAC_LENGTH);
  }

  /** Whether `expected` is the checksum of `data`, in constant time. */
  verifyChecksum(usage: number, expected: Uint8Array, ...data: readonly Uint8Array[]): boolean {
    return expected.length === MAC_LENGTH && timingSafeEqual(this.checksum(usage, ...data), expected);
  }
}

/** The message behind its confounder, cut to the sealed parts; the unsealed ones are copied between them. */
function inPlaces(parts: readonly { data: Uint8Array; sealed: boolean }[], message: Buffer): Buffer[] {
  let at = CONFOUNDER_LENGTH;
  return parts.map(({ data, sealed }) => {
    if (!sealed) return Buffer.from(data);
    at += data.length;
    return message.subarray(at - data.length, at);
  });
}
