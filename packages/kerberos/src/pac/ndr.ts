/**
 * NDR 1.0 little-endian as far as a PAC needs it (C706 chapter 14; type serialization version 1, [MS-RPCE] 2.2.6).
 * Pointers are written in the order of their appearance, numbered 0x20000, 0x20004, ... as AD numbers them.
 */
import { KerberosError } from '../errors.ts';

const FIRST_REFERENT = 0x20000;
const malformed = (what: string) => new KerberosError('pac-malformed', `The PAC is malformed: ${what}.`);

/** Writes aligned values; `pointer` queues what it points to until `flush`. */
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

  align(size: number): void {
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

  /** FILETIME: two 32-bit halves, so aligned to four. */
  fileTime(value: bigint): void {
    this.u32(Number(value & 0xffffffffn));
    this.u32(Number(value >> 32n));
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#parts.set(value, at);
  }

  /** A unique pointer: 0 for undefined; else a referent now and `target` at the next flush. */
  pointer<T>(value: T | undefined, target: (value: T) => void): void {
    if (value === undefined) {
      this.u32(0);
      return;
    }
    this.u32(this.#referent);
    this.#referent += 4;
    this.#deferred.push(() => target(value));
  }

  /** Writes what the pointers so far point to. */
  flush(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const write of deferred) {
      write();
      this.flush();
    }
  }

  /** The bytes with the serialization headers in front, padded to eight. */
  serialize(): Buffer {
    this.align(8);
    const header = Buffer.from('01100800cccccccc0000000000000000', 'hex');
    header.writeUInt32LE(this.#length, 8);
    return Buffer.concat([header, this.#parts.subarray(0, this.#length)]);
  }
}

/** Reads aligned values out of one serialized type; every count is held against the bytes that are left. */
export class NdrReader {
  readonly #bytes: Buffer;
  #offset = 0;

  /** @param serialized the type with its serialization headers */
  constructor(serialized: Uint8Array) {
    const buffer = Buffer.from(serialized.buffer, serialized.byteOffset, serialized.length);
    if (buffer.length < 16 || buffer[0] !== 1 || buffer[1] !== 0x10 || buffer.readUInt16LE(2) !== 8)
      throw malformed('no NDR header');
    if (buffer.readUInt32LE(8) > buffer.length - 16) throw malformed('NDR length beyond its end');
    this.#bytes = buffer.subarray(16);
  }

  #take(size: number, align: number): number {
    const at = this.#offset + (-this.#offset & (align - 1));
    if (at + size > this.#bytes.length) throw malformed('it ends too early');
    this.#offset = at + size;
    return at;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2, 2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4, 4));
  }

  fileTime(): bigint {
    const low = BigInt(this.u32());
    return (BigInt(this.u32()) << 32n) | low;
  }

  bytes(size: number): Buffer {
    const at = this.#take(size, 1);
    return this.#bytes.subarray(at, at + size);
  }

  /** Whether a pointer is set. */
  pointer(): boolean {
    return this.u32() !== 0;
  }

  /** An array's count, which must fit what is left at `elementSize` bytes each. */
  count(elementSize: number): number {
    const count = this.u32();
    if (count * elementSize > this.#bytes.length - this.#offset)
      throw malformed('a count is larger than its data');
    return count;
  }
}
