/** MIT's credential cache file, format 4 (MIT krb5 documentation, "Credential cache file format"). */

import type { CcachePrincipal, Credentials } from '../credentials.ts';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { Ticket } from '../messages/ticket.ts';
import { ByteReader, data32, u8, u16, u32 } from './byte-stream.ts';

const VERSION = 0x0504;
const DELTA_TIME = 1;
const MAX_LIST = 1024;

export type { CcachePrincipal };

export interface Ccache {
  principal: CcachePrincipal;
  credentials: Credentials[];
  /** Milliseconds by which the KDC's clock is ahead of this machine's; MIT's clients honour it. */
  kdcTimeOffset?: number;
}

const writePrincipal = ({ realm, name }: CcachePrincipal) =>
  Buffer.concat([
    u32(name.nameType),
    u32(name.nameString.length),
    data32(Buffer.from(realm)),
    ...name.nameString.map((part) => data32(Buffer.from(part))),
  ]);

const seconds = (date: Date | undefined) => u32(date ? Math.floor(date.getTime() / 1000) : 0);

function writeCredential(credentials: Credentials): Buffer {
  return Buffer.concat([
    writePrincipal(credentials.client),
    writePrincipal(credentials.server),
    u16(credentials.key.etype),
    data32(credentials.key.value),
    seconds(credentials.authtime),
    seconds(credentials.starttime ?? credentials.authtime),
    seconds(credentials.endtime),
    seconds(credentials.renewTill),
    u8(0), // no user-to-user key
    u32(credentials.flags),
    u32(0), // addresses
    u32(0), // authorization data
    data32(Ticket.encode(credentials.ticket)),
    data32(new Uint8Array(0)),
  ]);
}

/**
 * The bytes of a ccache file. They hold session keys: write them with mode 0600.
 *
 * @example
 * const cache = { principal: tgt.client, credentials: [tgt], kdcTimeOffset };
 * writeFileSync('alice.ccache', encodeCcache(cache), { mode: 0o600 }); // KRB5CCNAME=FILE:alice.ccache
 */
export function encodeCcache(cache: Ccache): Buffer {
  const offset = cache.kdcTimeOffset ?? 0;
  const whole = Math.floor(offset / 1000);
  const deltaTime = Buffer.concat([u16(DELTA_TIME), u16(8), u32(whole), u32((offset - whole * 1000) * 1000)]);
  return Buffer.concat([
    u16(VERSION),
    u16(deltaTime.length),
    deltaTime,
    writePrincipal(cache.principal),
    ...cache.credentials.map(writeCredential),
  ]);
}

function readPrincipal(input: ByteReader): CcachePrincipal {
  const nameType = input.i32();
  const count = input.u32();
  if (count > 16)
    throw new KerberosError(
      'ccache-malformed',
      'The credential cache is damaged: a principal has too many components.',
    );
  const realm = input.data32().toString();
  return {
    realm,
    name: { nameType, nameString: Array.from({ length: count }, () => input.data32().toString()) },
  };
}

function skipList(input: ByteReader): void {
  const count = input.u32();
  if (count > MAX_LIST)
    throw new KerberosError('ccache-malformed', 'The credential cache is damaged: a list is too long.');
  for (let i = 0; i < count; i++) {
    input.u16();
    input.data32();
  }
}

function readCredential(input: ByteReader): Credentials | undefined {
  const client = readPrincipal(input);
  const server = readPrincipal(input);
  const etype = input.u16();
  const keyValue = Buffer.from(input.data32());
  const [authtime, starttime, endtime, renewTill] = [input.u32(), input.u32(), input.u32(), input.u32()].map(
    (value) => new Date(value * 1000),
  );
  input.u8();
  const flags = input.u32();
  skipList(input);
  skipList(input);
  const ticket = input.data32();
  input.data32();
  // MIT keeps its own notes ("X-CACHECONF:") as credentials that are none.
  if (server.realm === 'X-CACHECONF:' || !authtime || !endtime) return undefined;
  return {
    client,
    server,
    key: new Key(etype, keyValue),
    ticket: decodeDer(Ticket, ticket),
    flags,
    authtime,
    endtime,
    ...(starttime && starttime.getTime() > 0 ? { starttime } : {}),
    ...(renewTill && renewTill.getTime() > 0 ? { renewTill } : {}),
  };
}

/** Reads a ccache file of format 4. @throws KerberosError `ccache-malformed`, and those of the ticket in it */
export function decodeCcache(bytes: Uint8Array): Ccache {
  const input = new ByteReader(bytes, 'ccache-malformed');
  if (input.u16() !== VERSION)
    throw new KerberosError(
      'ccache-malformed',
      'This is no credential cache file of format 4; run the sign-in again.',
    );
  const header = new ByteReader(input.data16(), 'ccache-malformed');
  let kdcTimeOffset: number | undefined;
  while (header.left > 0) {
    const tag = header.u16();
    const field = new ByteReader(header.data16(), 'ccache-malformed');
    if (tag === DELTA_TIME) kdcTimeOffset = field.i32() * 1000 + Math.floor(field.i32() / 1000);
  }
  const principal = readPrincipal(input);
  const credentials: Credentials[] = [];
  while (input.left > 0) {
    const credential = readCredential(input);
    if (credential) credentials.push(credential);
  }
  return { principal, credentials, ...(kdcTimeOffset === undefined ? {} : { kdcTimeOffset }) };
}
