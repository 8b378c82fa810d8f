/**
 * CTAP2 canonical CBOR (CTAP 2.1, section 8): the encoder, a strict decoder, and a typed reader of request maps.
 * Anything but the one canonical form (key order, shortest lengths, no tags, floats or indefinite lengths) is refused.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import { LIMIT, STATUS } from './registry.ts';

/** Simple values (RFC 8949, section 3.3). */
const FALSE = 20;
const TRUE = 21;

export type CborKey = number | string;
export type CborValue = number | string | boolean | Uint8Array | readonly CborValue[] | CborMap;
export interface CborMap extends ReadonlyMap<CborKey, CborValue> {}

/** A request that the key refuses, by its CTAP status byte. */
export class CtapError extends Error {
  override readonly name = 'CtapError';
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** Canonical bytes of a value. Bytewise order of encoded keys (RFC 8949, 4.2.1) is CTAP2's order too. */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/** A map without the members that are undefined. */
export function cborMap(entries: readonly (readonly [CborKey, CborValue | undefined])[]): CborMap {
  const map = new Map<CborKey, CborValue>();
  for (const [key, value] of entries) if (value !== undefined) map.set(key, value);
  return map;
}

/** Decode exactly one canonical item, nested at most four deep. Throws CtapError INVALID_CBOR. */
export function decodeCbor(bytes: Uint8Array): unknown {
  checkStructure(bytes);
  let value: unknown;
  let again: Uint8Array;
  try {
    value = decode(bytes, {
      strict: true,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowBigInt: false,
      allowInfinity: false,
      allowNaN: false,
    });
    again = encode(value, rfc8949EncodeOptions);
  } catch (error) {
    throw new CtapError(STATUS.INVALID_CBOR, `not CBOR: ${error instanceof Error ? error.message : error}`);
  }
  // One comparison covers key order and ill-formed UTF-8, which the decoder lets through.
  if (Buffer.compare(bytes, again) !== 0) throw new CtapError(STATUS.INVALID_CBOR, 'not canonical CBOR');
  return value;
}

/**
 * Walk the heads with a small stack of our own, so that nested input cannot exhaust the decoder's, and refuse the
 * types that no CTAP message has: tags, floats, null and other simple values.
 */
function checkStructure(bytes: Uint8Array): void {
  const open: number[] = []; // items still to come at each level
  let at = 0;
  while (at < bytes.length) {
    const head = bytes[at] ?? 0;
    const major = head >> 5;
    const minor = head & 31;
    const width = minor < 24 ? 0 : minor < 28 ? 2 ** (minor - 24) : -1;
    if (width < 0) throw new CtapError(STATUS.INVALID_CBOR, 'indefinite or reserved length');
    if (major === 6 || (major === 7 && minor !== FALSE && minor !== TRUE)) {
      throw new CtapError(STATUS.INVALID_CBOR, 'a type that CTAP does not use');
    }
    let count = minor;
    if (width > 0) {
      count = 0;
      for (let i = 1; i <= width; i++) count = count * 256 + (bytes[at + i] ?? 0);
    }
    at += 1 + width;
    if (major === 2 || major === 3) at += count;
    if (open.length > 0) open[open.length - 1] = (open[open.length - 1] ?? 0) - 1;
    if ((major === 4 || major === 5) && count > 0) {
      if (open.length === LIMIT.CBOR_DEPTH) throw new CtapError(STATUS.INVALID_CBOR, 'nested too deep');
      open.push(major === 5 ? count * 2 : count);
    }
    while (open.length > 0 && (open[open.length - 1] ?? 0) <= 0) open.pop();
  }
}

/** Bounds of a byte string or text, in bytes. */
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/**
 * Reads the members of a decoded map with their types. An absent member is undefined; `need` turns that into
 * MISSING_PARAMETER, a wrong type is CBOR_UNEXPECTED_TYPE, a length out of bounds INVALID_LENGTH.
 */
export class Members {
  readonly #map: ReadonlyMap<unknown, unknown>;
  constructor(value: unknown) {
    if (!(value instanceof Map)) throw unexpected('map');
    this.#map = value;
  }

  /** The canonical bytes of the whole map: what was received, since only canonical requests are read. */
  encoded(): Uint8Array {
    return encode(this.#map, rfc8949EncodeOptions);
  }

  /** A member as it is; what decodeCbor gives is made of CborValues. */
  value(key: CborKey): CborValue | undefined {
    return this.#map.get(key) as CborValue | undefined;
  }

  has(key: CborKey): boolean {
    return this.#map.has(key);
  }

  bytes(key: CborKey, { min = 0, max = LIMIT.MESSAGE }: Bounds = {}): Uint8Array | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    if (!(value instanceof Uint8Array)) throw unexpected(`${key}: bytes`);
    checkLength(value.length, min, max, key);
    return value;
  }

  text(key: CborKey, { min = 0, max = LIMIT.MESSAGE }: Bounds = {}): string | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw unexpected(`${key}: text`);
    checkLength(Buffer.byteLength(value), min, max, key);
    return value;
  }

  integer(key: CborKey): number | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') throw unexpected(`${key}: integer`);
    return value;
  }

  boolean(key: CborKey): boolean | undefined {
    const value = this.#map.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'boolean') throw unexpected(`${key}: boolean`);
    return value;
  }

  map(key: CborKey): Members | undefined {
    const value = this.#map.get(key);
    return value === undefined ? undefined : new Members(value);
  }

  /** An array of maps, at most `max` of them (LIMIT_EXCEEDED). */
  maps(key: CborKey, max: number): readonly Members[] | undefined {
    const value: unknown = this.#map.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw unexpected(`${key}: array`);
    if (value.length > max) throw new CtapError(STATUS.LIMIT_EXCEEDED, `${key}: more than ${max} items`);
    return value.map((item: unknown) => new Members(item));
  }

  /** An array of texts. */
  texts(key: CborKey): readonly string[] | undefined {
    return this.#list(key, (item) => typeof item === 'string');
  }

  /** An array of integers. */
  integers(key: CborKey): readonly number[] | undefined {
    return this.#list(key, (item) => typeof item === 'number');
  }

  /** The names of the members that are booleans, with their values (options). */
  booleans(): Readonly<Record<string, boolean>> {
    const entries = [...this.#map].flatMap(([key, value]) =>
      typeof key === 'string' && typeof value === 'boolean' ? [[key, value] as const] : [],
    );
    return Object.fromEntries(entries);
  }

  #list<T>(key: CborKey, is: (item: unknown) => boolean): readonly T[] | undefined {
    const value: unknown = this.#map.get(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every(is)) throw unexpected(`${key}: list`);
    return value as T[]; // every item was just checked
  }
}

/** A member that must be there. */
export function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new CtapError(STATUS.MISSING_PARAMETER, `${name} is missing`);
  return value;
}

function unexpected(what: string): CtapError {
  return new CtapError(STATUS.CBOR_UNEXPECTED_TYPE, `expected ${what}`);
}

function checkLength(length: number, min: number, max: number, key: CborKey): void {
  if (length < min || length > max) {
    throw new CtapError(STATUS.INVALID_LENGTH, `${key}: ${length} bytes, not ${min}..${max}`);
  }
}
