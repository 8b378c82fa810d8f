/**
 * A DER schema is a value: each `Codec<T>` writes a T and reads one back. Messages are declared as in the
 * ASN.1 module of RFC 4120 appendix A (explicit context tags everywhere).
 */
import { KerberosError } from '../errors.ts';
import { Cursor, tlv } from './primitives.ts';

export interface Codec<T> {
  encode(value: T): Uint8Array;
  decode(input: Cursor): T;
}

/** The type that a codec reads and writes. */
export type Of<C> = C extends Codec<infer T> ? T : never;

interface Field<T, Required extends boolean> {
  readonly tag: number;
  readonly codec: Codec<T>;
  readonly required: Required;
}

/** A mandatory member, `[tag]` in the ASN.1. */
export const req = <T>(tag: number, codec: Codec<T>): Field<T, true> => ({ tag, codec, required: true });
/** An OPTIONAL member. */
export const opt = <T>(tag: number, codec: Codec<T>): Field<T, false> => ({ tag, codec, required: false });

type FieldValue<F> = F extends Field<infer T, boolean> ? T : never;
type SequenceOf<F> = {
  -readonly [K in keyof F as F[K] extends Field<infer _, true> ? K : never]: FieldValue<F[K]>;
} & {
  -readonly [K in keyof F as F[K] extends Field<infer _, true> ? never : K]?: FieldValue<F[K]>;
};
type Flat<T> = { [K in keyof T]: T[K] };

const SEQUENCE = 0x30;
const CONTEXT = 0xa0;
const APPLICATION = 0x60;

/** SEQUENCE of members with explicit context tags, in ascending order of their tags. */
export function sequence<F extends Record<string, Field<never, boolean> | Field<unknown, boolean>>>(
  fields: F,
): Codec<Flat<SequenceOf<F>>> {
  // The members' types differ; inside the loop each is treated as unknown and its codec knows the rest.
  const members = Object.entries(fields) as [string, Field<unknown, boolean>][];
  return {
    encode(value) {
      const parts: Uint8Array[] = [];
      for (const [name, field] of members) {
        const member = (value as Record<string, unknown>)[name];
        if (member !== undefined) parts.push(tlv(CONTEXT | field.tag, field.codec.encode(member)));
        else if (field.required)
          throw new KerberosError('value-out-of-range', `The member ${name} is missing.`);
      }
      return tlv(SEQUENCE, ...parts);
    },
    decode(input) {
      const inner = input.enter(SEQUENCE);
      const value: Record<string, unknown> = {};
      for (const [name, field] of members) {
        if (inner.peek() === (CONTEXT | field.tag)) {
          const content = inner.enter(CONTEXT | field.tag);
          value[name] = field.codec.decode(content);
          content.finish();
        } else if (field.required) {
          throw new KerberosError(
            inner.done ? 'der-truncated' : 'der-malformed',
            `The member ${name} is missing.`,
          );
        }
      }
      inner.finish();
      return value as Flat<SequenceOf<F>>; // every required member was read above
    },
  };
}

/** SEQUENCE OF, bounded: more than `max` elements is an error. */
export function sequenceOf<T>(codec: Codec<T>, max = 256): Codec<T[]> {
  return {
    encode: (values) => tlv(SEQUENCE, ...values.map((value) => codec.encode(value))),
    decode(input) {
      const inner = input.enter(SEQUENCE);
      const values: T[] = [];
      while (!inner.done) {
        if (values.length >= max)
          throw new KerberosError('der-too-large', 'A list in the DER input is too long.', { max });
        values.push(codec.decode(inner));
      }
      return values;
    },
  };
}

/** [APPLICATION n] EXPLICIT. */
export function application<T>(n: number, codec: Codec<T>): Codec<T> {
  return {
    encode: (value) => tlv(APPLICATION | n, codec.encode(value)),
    decode(input) {
      const inner = input.enter(APPLICATION | n);
      const value = codec.decode(inner);
      inner.finish();
      return value;
    },
  };
}

/** A universal primitive by its identifier octet and the two directions over its content. */
function primitive<T>(
  tag: number,
  write: (value: T) => Uint8Array,
  read: (content: Uint8Array) => T,
): Codec<T> {
  return { encode: (value) => tlv(tag, write(value)), decode: (input) => read(input.enter(tag).rest()) };
}

function integerBytes(value: number): Uint8Array {
  if (value >= 0 && value < 0x80) return Uint8Array.of(value);
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (!((rest === 0 && (bytes[0] ?? 0) < 0x80) || (rest === -1 && (bytes[0] ?? 0) >= 0x80)));
  return Uint8Array.from(bytes);
}

function readInteger(content: Uint8Array): number {
  const [first, second] = content;
  if (first === undefined || content.length > 5)
    throw new KerberosError('der-malformed', 'The DER INTEGER is empty or too long.');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw new KerberosError('der-malformed', 'The DER INTEGER is not minimal.');
  let value = first >= 0x80 ? first - 256 : first;
  for (const byte of content.subarray(1)) value = value * 256 + byte;
  return value;
}

const integer = (
  min: number,
  max: number,
  fold: (value: number) => number = (value) => value,
): Codec<number> =>
  primitive(
    0x02,
    (value) => {
      if (!Number.isInteger(value) || value < min || value > max)
        throw new KerberosError('value-out-of-range', 'The number does not fit its INTEGER.', { value });
      return integerBytes(value);
    },
    (content) => {
      const value = fold(readInteger(content));
      if (value < min || value > max)
        throw new KerberosError('der-malformed', 'The DER INTEGER is out of range.', { value });
      return value;
    },
  );

const signed = (value: number) => (value > 0x7fffffff && value <= 0xffffffff ? value - 0x100000000 : value);
const unsigned = (value: number) => (value < 0 && value >= -0x80000000 ? value + 0x100000000 : value);

/** Int32; peers write some of them as UInt32 (kvno above all), so both are read. */
export const int32 = integer(-0x80000000, 0x7fffffff, signed);
/** UInt32; peers write some of them signed (nonces), so both are read. */
export const uint32 = integer(0, 0xffffffff, unsigned);
export const microseconds = integer(0, 999_999);

export const octets: Codec<Uint8Array> = primitive(
  0x04,
  (value) => value,
  (content) => content,
);

/** KerberosString (RFC 4120 section 5.2.1): GeneralString; AD writes UTF-8 into it. */
export const kerberosString: Codec<string> = primitive(
  0x1b,
  (value) => Buffer.from(value, 'utf8'),
  (content) => {
    if (content.length > 4096)
      throw new KerberosError('der-too-large', 'A string in the DER input is too long.');
    return Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8');
  },
);

const digits = (value: number, count: number) => String(value).padStart(count, '0');
function timeText(value: Date): string {
  const year = value.getUTCFullYear();
  if (!(year >= 0 && year <= 9999))
    throw new KerberosError('value-out-of-range', 'The time does not fit a KerberosTime.');
  const date = digits(year, 4) + digits(value.getUTCMonth() + 1, 2) + digits(value.getUTCDate(), 2);
  const hours = digits(value.getUTCHours(), 2);
  return `${date}${hours}${digits(value.getUTCMinutes(), 2)}${digits(value.getUTCSeconds(), 2)}Z`;
}

/** KerberosTime (section 5.2.3): UTC, whole seconds, `YYYYMMDDHHMMSSZ`. */
export const kerberosTime: Codec<Date> = primitive(
  0x18,
  (value) => Buffer.from(timeText(value), 'latin1'),
  (content) => {
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(Buffer.from(content).toString('latin1'));
    if (!parts) throw new KerberosError('der-malformed', 'The DER input has a malformed time.');
    const [, year, month, day, hour, minute, second] = parts.map(Number);
    const value = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second));
    if (timeText(value) !== parts[0])
      throw new KerberosError('der-malformed', 'The DER input has a time that does not exist.');
    return value;
  },
);

/** KerberosFlags (section 5.2.8): at least 32 bits; bit 0 is the most significant. Kept as one number. */
export const flags: Codec<number> = primitive(
  0x03,
  (value) =>
    Uint8Array.of(0, (value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff),
  (content) => {
    if (content.length < 2 || content.length > 9 || (content[0] ?? 0) > 7)
      throw new KerberosError('der-malformed', 'The DER input has malformed flags.');
    let value = 0;
    for (let i = 1; i <= 4; i++) value = value * 256 + (content[i] ?? 0);
    return value;
  },
);

export const booleanCodec: Codec<boolean> = primitive(
  0x01,
  (value) => Uint8Array.of(value ? 0xff : 0),
  (content) => {
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
      throw new KerberosError('der-malformed', 'The DER BOOLEAN is malformed.');
    return content[0] !== 0;
  },
);

/** Decodes `bytes` as exactly one value: bytes left over are an error. */
export function decodeDer<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const cursor = new Cursor(bytes);
  const value = codec.decode(cursor);
  cursor.finish();
  return value;
}
