/**
 * RC4, the stream cipher that [MS-DRSR] 4.1.10.6.11 and [MS-NLMP] 3.4.3 prescribe (vectors: RFC 6229); OpenSSL 3 no longer
 * offers it. Broken as a cipher: to read what a domain controller sends so, inside a connection that is sealed with
 * AES; and for NTLM, where that is asked for.
 */

/** A key stream that goes on from one message to the next. */
export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  /** @param key 1 to 256 bytes */
  constructor(key: Uint8Array) {
    for (let i = 0, j = 0; i < 256; i++) {
      j = (j + this.#at(i) + (key[i % key.length] ?? 0)) & 0xff;
      this.#swap(i, j);
    }
  }

  #at(i: number): number {
    return this.#state[i & 0xff] ?? 0;
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#at(i), this.#at(j)];
    this.#state[i] = b;
    this.#state[j] = a;
  }

  /** Encrypts and decrypts alike. */
  update(input: Uint8Array): Buffer {
    const output = Buffer.alloc(input.length);
    for (let n = 0; n < input.length; n++) {
      this.#i = (this.#i + 1) & 0xff;
      this.#j = (this.#j + this.#at(this.#i)) & 0xff;
      this.#swap(this.#i, this.#j);
      output[n] = (input[n] ?? 0) ^ this.#at(this.#at(this.#i) + this.#at(this.#j));
    }
    return output;
  }

  /** The key is not to outlive its use. */
  forget(): void {
    this.#state.fill(0);
  }
}

/** One message under a key of its own. @param key 1 to 256 bytes */
export function rc4(key: Uint8Array, input: Uint8Array): Buffer {
  const cipher = new Rc4(key);
  const output = cipher.update(input);
  cipher.forget();
  return output;
}
