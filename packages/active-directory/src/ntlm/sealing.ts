/** Signing and sealing with extended session security, 128 bits, key exchange ([MS-NLMP] 3.4.2 to 3.4.5). */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Rc4 } from '../drsuapi/rc4.ts';
import { hmacMd5 } from './response.ts';

export const SIGNATURE_LENGTH = 16;
const VERSION = 1;

type Direction = 'client-to-server' | 'server-to-client';

/** 3.4.5.2, 3.4.5.3; the magic texts end with a zero byte. */
export function directionKey(
  sessionKey: Uint8Array,
  direction: Direction,
  use: 'signing' | 'sealing',
): Buffer {
  const magic = `session key to ${direction} ${use} key magic constant\0`;
  return createHash('md5').update(sessionKey).update(magic, 'latin1').digest();
}

/** One direction of a connection: messages come in their order, each once. */
export class NtlmDirection {
  readonly #signingKey: Buffer;
  readonly #cipher: Rc4;
  #sequence = 0;

  constructor(sessionKey: Uint8Array, direction: Direction) {
    this.#signingKey = directionKey(sessionKey, direction, 'signing');
    this.#cipher = new Rc4(directionKey(sessionKey, direction, 'sealing'));
  }

  /** Seals `body` and signs `before`, the body in clear, and `after`. */
  seal(body: Uint8Array, before: Uint8Array, after: Uint8Array): { body: Buffer; signature: Buffer } {
    const sealed = this.#cipher.update(body);
    return { body: sealed, signature: this.#signature(before, body, after) };
  }

  /** The body in clear; undefined where anything was changed. */
  open(body: Uint8Array, signature: Uint8Array, before: Uint8Array, after: Uint8Array): Buffer | undefined {
    const clear = this.#cipher.update(body);
    const expected = this.#signature(before, clear, after);
    return signature.length === expected.length && timingSafeEqual(signature, expected) ? clear : undefined;
  }

  #signature(...parts: Uint8Array[]): Buffer {
    const out = Buffer.alloc(SIGNATURE_LENGTH);
    const sequence = Buffer.alloc(4);
    sequence.writeUInt32LE(this.#sequence++);
    out.writeUInt32LE(VERSION);
    out.set(this.#cipher.update(hmacMd5(this.#signingKey, sequence, ...parts).subarray(0, 8)), 4);
    out.set(sequence, 12);
    return out;
  }
}
