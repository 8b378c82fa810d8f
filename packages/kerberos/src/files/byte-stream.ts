/** Big-endian reading and writing of the counted fields that ccache and keytab files are made of. */
import { KerberosError, type KerberosErrorCode } from '../errors.ts';

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #code: KerberosErrorCode;
  offset: number;

  constructor(bytes: Uint8Array, code: KerberosErrorCode, offset = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#code = code;
    this.offset = offset;
  }

  get left(): number {
    return this.#bytes.length - this.offset;
  }

  take(size: number): Buffer {
    if (size < 0 || size > this.left)
      throw new KerberosError(
        this.#code,
        'The file ends too early or a length in it is wrong; it is damaged.',
        { offset: this.offset },
      );
    this.offset += size;
    return this.#bytes.subarray(this.offset - size, this.offset);
  }

  u8(): number {
    return this.take(1).readUInt8();
  }
  u16(): number {
    return this.take(2).readUInt16BE();
  }
  u32(): number {
    return this.take(4).readUInt32BE();
  }
  i32(): number {
    return this.take(4).readInt32BE();
  }
  data16(): Buffer {
    return this.take(this.u16());
  }
  data32(): Buffer {
    return this.take(this.u32());
  }
}

export const u8 = (value: number) => Uint8Array.of(value & 0xff);
export const u16 = (value: number) => Uint8Array.of((value >>> 8) & 0xff, value & 0xff);
export const u32 = (value: number) =>
  Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
export const data16 = (value: Uint8Array) => Buffer.concat([u16(value.length), value]);
export const data32 = (value: Uint8Array) => Buffer.concat([u32(value.length), value]);
