/** NDR little-endian, written (C706 chapter 14), for PACs and DCE/RPC stubs. Referents follow in the order of their pointers. */

/** Pointers are numbered 0x20000, 0x20004, ... as AD numbers them. */
const FIRST_REFERENT = 0x20000;

/** Writes aligned values; `pointer` queues what it points to until `flush`. Values are in range by their types or cut off by Buffer. */
export class NdrWriter {
  #parts: Buffer = Buffer.alloc(1024);
  #length = 0;
  #referent = FIRST_REFERENT;
  #deferred: (() => void)[] = [];

  #reserve(size: number): number {
    const at = this.#length;
    if (at + size > this.#parts.length)
      this.#parts = Buffer.concat([this.#parts], Math.max(this.#parts.length * 2, at + size));
    this.#length += size;
    return at;
  }

  align(size: 2 | 4 | 8): void {
    const pad = -this.#length & (size - 1);
    const at = this.#reserve(pad);
    this.#parts.fill(0, at, at + pad);
  }

  u16(value: number): void {
    this.align(2);
    const at = this.#reserve(2);
    this.#parts.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    this.align(4);
    const at = this.#reserve(4);
    this.#parts.writeUInt32LE(value, at);
  }

  u64(value: bigint): void {
    this.align(8);
    const at = this.#reserve(8);
    this.#parts.writeBigUInt64LE(value, at);
  }

  /** FILETIME: two 32-bit halves, so aligned to four. */
  fileTime(value: bigint): void {
    this.u32(Number(value & 0xffffffffn));
    this.u32(Number(value >> 32n));
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#parts.set(value, at);
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

  /** All that was written, with what is still queued. */
  result(): Buffer {
    this.flush();
    return this.#parts.subarray(0, this.#length);
  }
}
