/** NDR 2.0 little-endian as DCE/RPC stubs carry it, written (C706 chapter 14). Referents follow in the order of their pointers. */

const FIRST_REFERENT = 0x20000;

/** Writes aligned values; what a pointer points to is queued until `flush`. Values are in range by their types or cut off by Buffer. */
export class NdrWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;
  #referent = FIRST_REFERENT;
  #deferred: (() => void)[] = [];

  bytes(value: Uint8Array): void {
    this.#parts.push(Buffer.from(value));
    this.#length += value.length;
  }

  align(size: 2 | 4 | 8): void {
    const pad = -this.#length & (size - 1);
    if (pad > 0) this.bytes(Buffer.alloc(pad));
  }

  u16(value: number): void {
    this.align(2);
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    this.bytes(bytes);
  }

  u32(value: number): void {
    this.align(4);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.bytes(bytes);
  }

  u64(value: bigint): void {
    this.align(8);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    this.bytes(bytes);
  }

  /** 16 bytes as they go over the wire, aligned to four. */
  uuid(value: Uint8Array): void {
    this.align(4);
    this.bytes(value);
  }

  /** A unique pointer: 0 where undefined; else a referent now, and `target` at the next flush. */
  pointer<T>(value: T | undefined, target: (value: T) => void): void {
    if (value === undefined) {
      this.u32(0);
      return;
    }
    this.u32(this.#referent);
    this.#referent += 4;
    this.#deferred.push(() => target(value));
  }

  /** Writes what the pointers so far point to, each followed by what its own pointers point to. */
  flush(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const write of deferred) {
      write();
      this.flush();
    }
  }

  /** The stub. */
  result(): Buffer {
    this.flush();
    return Buffer.concat(this.#parts);
  }
}
