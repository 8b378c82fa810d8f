/** The prefix table: OIDs of attributes as 32-bit ATTRTYP and back ([MS-DRSR] 5.14, 5.16.4). */
import type { NdrReader, NdrWriter } from '@kennel/kerberos';
import { drsMalformed } from './errors.ts';

/** Prefixes (BER, without the last one or two bytes of an OID) by their index. */
export type PrefixTable = ReadonlyMap<number, Uint8Array>;

const MAX_PREFIXES = 1024;
const MAX_PREFIX = 64;
/** Schema version and invocation id of the sender, which closes the table: 0xff and 20 bytes, all zero for "none". */
const SCHEMA_INFO = Buffer.concat([Buffer.of(0xff), Buffer.alloc(20)]);

/** BER contents of a dotted OID. */
export function oidBytes(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((value) => {
    const septets = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return Buffer.from(bytes);
}

/** The prefix of an OID and the lower half of its ATTRTYP. Last numbers of 16,384 and more do not occur here. */
function split(oid: string): { prefix: Buffer; lower: number } {
  const bytes = oidBytes(oid);
  const lower = Number(oid.slice(oid.lastIndexOf('.') + 1));
  return { prefix: bytes.subarray(0, bytes.length - (lower < 128 ? 1 : 2)), lower };
}

/** A table for these OIDs and their ATTRTYP in it; indices begin at 1, since 0 is also the schema's entry. */
export function makePrefixTable(oids: readonly string[]): { table: PrefixTable; types: number[] } {
  const table = new Map<number, Buffer>();
  const types = oids.map((oid) => {
    const { prefix, lower } = split(oid);
    let index = [...table].find(([, known]) => known.equals(prefix))?.[0];
    if (index === undefined) {
      index = table.size + 1;
      table.set(index, prefix);
    }
    return index * 0x10000 + lower;
  });
  return { table, types };
}

/** The ATTRTYP of an OID in a table, or undefined where the table has no such prefix. */
export function attributeType(table: PrefixTable, oid: string): number | undefined {
  const { prefix, lower } = split(oid);
  for (const [index, known] of table) if (prefix.equals(known)) return index * 0x10000 + lower;
  return undefined;
}

/** SCHEMA_PREFIX_TABLE: count and pointer now, entries at the next flush. Samba refuses a table without the schema's entry. */
export function writePrefixTable(out: NdrWriter, table: PrefixTable): void {
  const entries = [...table, [0, SCHEMA_INFO] as const];
  out.u32(entries.length);
  out.pointer(entries, () => {
    out.u32(entries.length);
    for (const [index, prefix] of entries) {
      out.u32(index);
      out.u32(prefix.length);
      out.pointer(prefix, (bytes) => {
        out.u32(bytes.length);
        out.bytes(bytes);
      });
    }
  });
}

/** The entries of a table whose `count` and pointer were read before. The schema's entry is left out. */
export function readPrefixTable(input: NdrReader, count: number): PrefixTable {
  input.count(12, count);
  if (count > MAX_PREFIXES) throw drsMalformed('prefixes');
  const heads = Array.from({ length: count }, () => {
    const index = input.u32();
    return { index, length: input.u32(), present: input.pointer() };
  });
  const table = new Map<number, Uint8Array>();
  for (const { index, length, present } of heads) {
    if (!present) continue;
    input.count(1, length);
    const prefix = input.bytes(length);
    if (length > MAX_PREFIX || index > 0xffff) throw drsMalformed('a prefix');
    if (prefix[0] !== SCHEMA_INFO[0]) table.set(index, prefix);
  }
  return table;
}
