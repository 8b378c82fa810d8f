/** MIT's keytab file, version 0x0502 (MIT krb5 documentation, "Keytab file format"). */
import { KerberosError } from '../errors.ts';
import type { PrincipalName } from '../messages/common.ts';
import { ByteReader, data16, u8, u16, u32 } from './byte-stream.ts';

const VERSION = 0x0502;
const MAX_COMPONENTS = 16;

export interface KeytabEntry {
  realm: string;
  name: PrincipalName;
  timestamp: Date;
  /** Signed: that of a read-only domain controller's krbtgt is (N << 16 | version). */
  kvno: number;
  etype: number;
  key: Uint8Array;
}

/**
 * The keys of a keytab file.
 *
 * @throws KerberosError `keytab-malformed`; `keytab-empty` where the file holds no key at all
 * @example
 * const [entry] = decodeKeytab(readFileSync('krbtgt_4242.keytab')).filter(({ etype }) => etype === 18);
 * const key = new Key(entry.etype, entry.key);
 */
export function decodeKeytab(bytes: Uint8Array): KeytabEntry[] {
  if (bytes.length === 0) throw empty();
  const input = new ByteReader(bytes, 'keytab-malformed');
  if (input.u16() !== VERSION)
    throw new KerberosError('keytab-malformed', 'This is no keytab file of version 0x0502.');
  const entries: KeytabEntry[] = [];
  while (input.left >= 4) {
    const size = input.i32();
    if (size === 0) break;
    const record = new ByteReader(input.take(Math.abs(size)), 'keytab-malformed');
    if (size > 0) entries.push(readEntry(record)); // a negative size is a hole that a deleted key left
  }
  if (entries.length === 0) throw empty();
  return entries;
}

function readEntry(record: ByteReader): KeytabEntry {
  const components = record.u16();
  if (components > MAX_COMPONENTS)
    throw new KerberosError(
      'keytab-malformed',
      'The keytab is damaged: a principal has too many components.',
    );
  const realm = record.data16().toString();
  const nameString = Array.from({ length: components }, () => record.data16().toString());
  const nameType = record.i32();
  const timestamp = new Date(record.u32() * 1000);
  const version8 = record.u8();
  const etype = record.u16();
  const key = Buffer.from(record.data16());
  const version32 = record.left >= 4 ? record.i32() : 0;
  return {
    realm,
    name: { nameType, nameString },
    timestamp,
    kvno: version32 === 0 ? version8 : version32,
    etype,
    key,
  };
}

/** The bytes of a keytab file. They hold keys: write them with mode 0600. */
export function encodeKeytab(entries: readonly KeytabEntry[]): Buffer {
  const records = entries.map((entry) => {
    const record = Buffer.concat([
      u16(entry.name.nameString.length),
      data16(Buffer.from(entry.realm)),
      ...entry.name.nameString.map((part) => data16(Buffer.from(part))),
      u32(entry.name.nameType),
      u32(Math.floor(entry.timestamp.getTime() / 1000)),
      u8(entry.kvno),
      u16(entry.etype),
      data16(entry.key),
      u32(entry.kvno),
    ]);
    return Buffer.concat([u32(record.length), record]);
  });
  return Buffer.concat([u16(VERSION), ...records]);
}

const empty = () =>
  new KerberosError(
    'keytab-empty',
    "The keytab holds no key. Export it with the account's sAMAccountName as the principal: samba-tool domain exportkeytab FILE --principal=krbtgt_<N>.",
  );
