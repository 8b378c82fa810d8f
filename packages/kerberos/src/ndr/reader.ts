/** NDR little-endian, read (C706 chapter 14), out of PACs and DCE/RPC stubs. Every count is held against the bytes that are left. */

/** Reads aligned values; never beyond the end. Each method throws what `malformed` makes. */
export class NdrReader {
  readonly #bytes: Buffer;
  readonly #malformed: (what: string) => Error;
  #offset = 0;

  /** @param malformed makes the error of the room that reads */
  constructor(bytes: Uint8Array, malformed: (what: string) => Error) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#malformed = malformed;
  }

  #take(size: number, align = 1): number {
    const at = this.#offset + (-this.#offset & (align - 1));
    if (at + size > this.#bytes.length) throw this.#malformed('it ends too early');
    this.#offset = at + size;
    return at;
  }

  align(size: 2 | 4 | 8): void {
    this.#take(0, size);
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2, 2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4, 4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8, 8));
  }

  /** Two 32-bit halves, so aligned to four. */
  fileTime(): bigint {
    const low = BigInt(this.u32());
    return (BigInt(this.u32()) << 32n) | low;
  }

  /** A view, not a copy. */
  bytes(size: number): Buffer {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  uuid(): Buffer {
    this.align(4);
    return this.bytes(16);
  }

  /** Whether a unique pointer is set. */
  pointer(): boolean {
    return this.u32() !== 0;
  }

  /** An array's count, which must fit what is left at `size` bytes an element, and be `expected` where that is known. */
  count(size: number, expected?: number): number {
    const count = this.u32();
    if (expected !== undefined && count !== expected)
      throw this.#malformed('an array is not as long as it says');
    if (count * size > this.left) throw this.#malformed('a count is larger than its data');
    return count;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }
}
