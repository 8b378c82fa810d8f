/** NDR 2.0 little-endian as DCE/RPC stubs carry it, read (C706 chapter 14). Every count is held against the bytes that are left. */
import { ActiveDirectoryError } from '../errors.ts';

const malformed = (what: string) =>
  new ActiveDirectoryError(
    'rpc-malformed',
    "The domain controller's answer is malformed. Try another domain controller.",
    { what },
  );

/** Reads aligned values; never beyond the end. @throws ActiveDirectoryError `rpc-malformed` by each method */
export class NdrReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(stub: Uint8Array) {
    this.#bytes = Buffer.from(stub.buffer, stub.byteOffset, stub.length);
  }

  #take(size: number, align = 1): number {
    const at = this.#offset + (-this.#offset & (align - 1));
    if (at + size > this.#bytes.length) throw malformed('it ends too early');
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

  /** A view of the stub, not a copy. */
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

  /** A conformant array's maximum count, which must be `expected` and fit what is left at `size` bytes an element. */
  conformance(expected: number | undefined, size: number): number {
    const count = this.u32();
    if (expected !== undefined && count !== expected) throw malformed('an array is not as long as it says');
    if (count * size > this.#bytes.length - this.#offset) throw malformed('a count is larger than its data');
    return count;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }
}
