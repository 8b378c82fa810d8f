/** Values of directory attributes as sync writes them. */
import { decodeSid } from '@kennel/kerberos';
import { type Entry, EqualityFilter } from 'ldapts';
import { guidText } from '../cldap/netlogon.ts';

/** 100 ns since 1601 ([MS-DTYP] 2.3.3), at the beginning of 1970, and a value that means never. */
const UNIX_EPOCH = 116_444_736_000_000_000n;
const NEVER = 0x7fff_ffff_ffff_ffffn;
const PER_MS = 10_000n;
const LAST_YEAR = Date.UTC(9999, 11, 31);

export const first = (entry: Entry, name: string): string | undefined => {
  const value = entry[name];
  const one = Array.isArray(value) ? value[0] : value;
  return one === undefined ? undefined : String(one);
};

export const list = (entry: Entry, name: string): string[] => {
  const value = entry[name];
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
};

/** A number that may have 64 bits; 0 where there is none. */
export const big = (entry: Entry, name: string): bigint => {
  const text = first(entry, name);
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? BigInt(text) : 0n;
};

/** A time as ISO 8601 in UTC; null for none and for never. */
export function fileTime(value: bigint): string | null {
  if (value <= 0n || value >= NEVER) return null;
  const ms = Number((value - UNIX_EPOCH) / PER_MS);
  return new Date(Math.min(ms, LAST_YEAR)).toISOString();
}

export function bytes(entry: Entry, name: string): Buffer | undefined {
  const value = entry[name];
  const one = Array.isArray(value) ? value[0] : value;
  return Buffer.isBuffer(one) && one.length > 0 ? one : undefined;
}

export function guid(entry: Entry): string | undefined {
  const value = bytes(entry, 'objectGUID');
  return value?.length === 16 ? guidText(value) : undefined;
}

export function sid(entry: Entry): string | undefined {
  const value = bytes(entry, 'objectSid');
  return value && decodeSid(value);
}

/** A filter for an objectGUID, as bytes: its first three parts are little-endian ([MS-DTYP] 2.3.4.2). */
export function guidFilter(anchor: string): EqualityFilter {
  const raw = Buffer.from(anchor.replaceAll('-', ''), 'hex');
  const value = Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((at) => raw[at] ?? 0));
  return new EqualityFilter({ attribute: 'objectGUID', value });
}

/** The objectGUID of an extended name. */
export const guidOfName = (name: string): string | undefined =>
  /^<GUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})>/i.exec(name)?.[1]?.toLowerCase();
