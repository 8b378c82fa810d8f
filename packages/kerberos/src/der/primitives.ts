/**
 * Strict DER (X.690 section 10) for the few universal types that Kerberos uses. A decoder gets a `Cursor` over
 * hostile bytes: lengths are definite, minimal and inside the input; nothing recurses but a fixed schema.
 */
import { KerberosError } from '../errors.ts';

/** Reads one TLV after another out of `bytes`; never beyond its end. */
export class Cursor {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  /** The tag byte that comes next, or undefined at the end. */
  peek(): number | undefined {
    return this.done ? undefined : this.bytes[this.offset];
  }

  /** Enters the next TLV, whose identifier octet must be `tag`, and returns a cursor over its content. */
  enter(tag: number): Cursor {
    const found = this.peek();
    if (found === undefined)
      throw new KerberosError('der-truncated', 'The DER input ends too early.', { tag });
    if (found !== tag)
      throw new KerberosError('der-malformed', 'The DER input has an unexpected tag.', { found, tag });
    const start = this.lengthAt(this.offset + 1);
    const inner = new Cursor(this.bytes, start.content, start.end);
    this.offset = start.end;
    return inner;
  }

  /** The next TLV as it is, header and content, whatever its tag. */
  raw(): Uint8Array {
    if (this.done) throw new KerberosError('der-truncated', 'The DER input ends too early.');
    const from = this.offset;
    this.offset = this.lengthAt(from + 1).end;
    return this.bytes.subarray(from, this.offset);
  }

  /** The rest of the content. */
  rest(): Uint8Array {
    const rest = this.bytes.subarray(this.offset, this.end);
    this.offset = this.end;
    return rest;
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (!this.done)
      throw new KerberosError('der-malformed', 'The DER input has bytes left over.', {
        left: this.end - this.offset,
      });
  }

  private lengthAt(position: number): { content: number; end: number } {
    const first = this.bytes[position];
    if (first === undefined || position >= this.end)
      throw new KerberosError('der-truncated', 'The DER input ends inside a length.');
    let length = first;
    let content = position + 1;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 4)
        throw new KerberosError('der-malformed', 'The DER length is indefinite or too long.', { count });
      if (content + count > this.end)
        throw new KerberosError('der-truncated', 'The DER input ends inside a length.');
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + (this.bytes[content + i] ?? 0);
      if (length < 0x80 || (count > 1 && this.bytes[content] === 0))
        throw new KerberosError('der-malformed', 'The DER length is not minimal.');
      content += count;
    }
    if (content + length > this.end)
      throw new KerberosError('der-truncated', 'The DER input is shorter than its length says.', { length });
    return { content, end: content + length };
  }
}

/** One TLV: identifier octet, minimal length, content given in parts. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const lengthBytes =
    length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const out = Buffer.allocUnsafe(2 + lengthBytes + length);
  out[0] = tag;
  out[1] = lengthBytes === 0 ? length : 0x80 | lengthBytes;
  for (let i = 0; i < lengthBytes; i++) out[2 + i] = (length >>> (8 * (lengthBytes - 1 - i))) & 0xff;
  let at = 2 + lengthBytes;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
