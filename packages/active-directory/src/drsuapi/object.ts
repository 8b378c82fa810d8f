/** REPLENTINFLIST: one replicated object, its attributes and where they were last written ([MS-DRSR] 5.162, 5.53, 5.9, 5.160). */
import type { NdrReader } from '@kennel/kerberos';
import { drsMalformed } from './errors.ts';
import { type DsName, readDsName } from './name.ts';

export interface ReplicatedAttribute {
  /** ATTRTYP, by the prefix table of the same reply. */
  type: number;
  /** Secret ones still encrypted. */
  values: Uint8Array[];
  /** How often it was written. */
  version: number;
  /** UTC, in whole seconds. */
  changedAt: Date;
  /** invocationId of the controller where it was last written, 16 bytes as on the wire. */
  origin: Uint8Array;
}

export interface ReplicatedObject {
  name: DsName;
  attributes: ReplicatedAttribute[];
}

const MAX_ATTRIBUTES = 1024;
const MAX_VALUES = 1024;
/** DSTIME counts seconds from 1601 (5.51). */
const SECONDS_1601_TO_1970 = 11_644_473_600;
/** Bytes of PROPERTY_META_DATA_EXT with its padding. */
const META_DATA = 40;
const ATTRIBUTE = 12;
const VALUE = 8;

/** The one object; a list of more is refused, since one was asked for. */
export function readObject(input: NdrReader): ReplicatedObject {
  if (input.pointer()) throw drsMalformed('more than one object');
  const hasName = input.pointer();
  input.u32(); // ulFlags
  const count = input.u32();
  const hasAttributes = input.pointer();
  input.u32(); // fIsNCPrefix
  const hasParent = input.pointer();
  const hasMetaData = input.pointer();
  if (!hasName || !hasMetaData) throw drsMalformed('an object without name or metadata');
  const name = readDsName(input);
  const attributes = hasAttributes ? readAttributes(input, count) : [];
  if (hasParent) input.uuid();
  const metaData = readMetaData(input);
  if (metaData.length !== attributes.length) throw drsMalformed('metadata of other attributes');
  return {
    name,
    attributes: attributes.flatMap((attribute, i) => {
      const written = metaData[i];
      return written ? [{ ...attribute, ...written }] : [];
    }),
  };
}

function readAttributes(input: NdrReader, count: number): Pick<ReplicatedAttribute, 'type' | 'values'>[] {
  input.count(ATTRIBUTE, count);
  if (count > MAX_ATTRIBUTES) throw drsMalformed('attributes');
  const heads = Array.from({ length: count }, () => {
    const type = input.u32();
    return { type, values: input.u32(), present: input.pointer() };
  });
  return heads.map(({ type, values, present }) => ({
    type,
    values: present ? readValues(input, values) : [],
  }));
}

function readValues(input: NdrReader, count: number): Uint8Array[] {
  input.count(VALUE, count);
  if (count > MAX_VALUES) throw drsMalformed('values');
  const heads = Array.from({ length: count }, () => ({ length: input.u32(), present: input.pointer() }));
  return heads.map(({ length, present }) => {
    if (!present) return new Uint8Array(0);
    input.count(1, length);
    return input.bytes(length);
  });
}

function readMetaData(input: NdrReader): Pick<ReplicatedAttribute, 'version' | 'changedAt' | 'origin'>[] {
  const count = input.count(META_DATA);
  input.align(8);
  if (input.u32() !== count || count > MAX_ATTRIBUTES) throw drsMalformed('metadata');
  return Array.from({ length: count }, () => {
    input.align(8);
    const version = input.u32();
    const seconds = Number(input.u64()) - SECONDS_1601_TO_1970;
    const changedAt = new Date(seconds * 1000);
    if (Number.isNaN(changedAt.getTime())) throw drsMalformed('a time');
    const origin = input.bytes(16);
    input.u64(); // USN there
    return { version, changedAt, origin };
  });
}
