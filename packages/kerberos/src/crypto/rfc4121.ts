/**
 * RFC 4121 section 4.2: the per-message tokens of the Kerberos mechanism, under one key. A token is 16 bytes of
 * header, then what is sealed or signed; sealed data may be spread over parts, as DCE/RPC has it ([MS-KILE] 3.4.5.4).
 */
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { CONFOUNDER_LENGTH, type Key, MAC_LENGTH } from './key.ts';

const HEADER = 16;
const TOKEN_ID = { MIC: 0x0404, WRAP: 0x0504 } as const;
const FILLER = 0xff;
const FLAG = { SENT_BY_ACCEPTOR: 1, SEALED: 2, ACCEPTOR_SUBKEY: 4 } as const;
/** Windows takes no sealed token of DCE style without some extra count; MIT and Samba write a block. */
const DCE_EXTRA_COUNT = 16;
/** Extra bytes | encrypted header | HMAC: what follows the data in a sealed token of DCE style. */
const DCE_TRAILER = DCE_EXTRA_COUNT + HEADER + MAC_LENGTH;

/** Bytes that sealing adds to data; the most that any wrapping here adds, DCE style apart. */
export const SEAL_OVERHEAD = HEADER + CONFOUNDER_LENGTH + HEADER + MAC_LENGTH;

/** Length of the token that stands apart from the data in DCE style, bytes. */
export const DCE_TOKEN_LENGTH = HEADER + DCE_TRAILER + CONFOUNDER_LENGTH;

/** Who sends: its direction, the key, and whether the acceptor chose that key. */
export interface MessageKey {
  key: Key;
  byAcceptor: boolean;
  acceptorSubkey: boolean;
}

/** One part of a message of DCE style; an unsealed part is signed only. */
export interface MessagePart {
  data: Uint8Array;
  sealed: boolean;
}

export interface Opened {
  data: Buffer;
  sealed: boolean;
  sequence: bigint;
}

const malformed = (why: string) =>
  new KerberosError('token-malformed', 'The GSS message token is malformed or not meant for this side.', {
    why,
  });

const sealUsage = (by: MessageKey) => (by.byAcceptor ? KEY_USAGE.ACCEPTOR_SEAL : KEY_USAGE.INITIATOR_SEAL);
const signUsage = (by: MessageKey) => (by.byAcceptor ? KEY_USAGE.ACCEPTOR_SIGN : KEY_USAGE.INITIATOR_SIGN);

function header(by: MessageKey, id: number, sequence: bigint, sealed = false): Buffer {
  const bytes = Buffer.alloc(HEADER, FILLER);
  bytes.writeUInt16BE(id, 0);
  bytes[2] =
    (by.byAcceptor ? FLAG.SENT_BY_ACCEPTOR : 0) |
    (sealed ? FLAG.SEALED : 0) |
    (by.acceptorSubkey ? FLAG.ACCEPTOR_SUBKEY : 0);
  if (id === TOKEN_ID.WRAP) bytes.writeUInt32BE(0, 4); // EC and RRC
  bytes.writeBigUInt64BE(sequence, 8);
  return bytes;
}

/** Checks what a header must be from that sender. @throws KerberosError `token-malformed` */
function readHeader(token: Uint8Array, by: MessageKey, id: number) {
  const bytes = Buffer.from(token.buffer, token.byteOffset, Math.min(token.length, HEADER));
  if (bytes.length < HEADER || bytes.readUInt16BE(0) !== id) throw malformed('no such token');
  const flags = bytes[2] ?? 0;
  const expected =
    (by.byAcceptor ? FLAG.SENT_BY_ACCEPTOR : 0) | (by.acceptorSubkey ? FLAG.ACCEPTOR_SUBKEY : 0);
  // Fillers, and bits that no one has defined, are covered by the checksum and otherwise ignored (section 4.2.2).
  if ((flags & (FLAG.SENT_BY_ACCEPTOR | FLAG.ACCEPTOR_SUBKEY)) !== expected)
    throw malformed('another direction or key');
  return {
    bytes: Buffer.from(bytes),
    sealed: (flags & FLAG.SEALED) !== 0,
    extraCount: bytes.readUInt16BE(4),
    rotation: bytes.readUInt16BE(6),
    sequence: bytes.readBigUInt64BE(8),
  };
}

/** The body as it was before it was rotated to the right by `count` bytes (section 4.2.5). */
function unrotated(body: Uint8Array, count: number): Buffer {
  const by = body.length === 0 ? 0 : count % body.length;
  return Buffer.concat([body.subarray(by), body.subarray(0, by)]);
}

/** A MIC token over the parts, one after the other. */
export function makeMic(by: MessageKey, sequence: bigint, ...data: readonly Uint8Array[]): Buffer {
  const head = header(by, TOKEN_ID.MIC, sequence);
  return Buffer.concat([head, by.key.checksum(signUsage(by), ...data, head)]);
}

/** @returns the sequence number @throws KerberosError `token-malformed`, `integrity-check-failed` */
export function openMic(by: MessageKey, token: Uint8Array, ...data: readonly Uint8Array[]): bigint {
  const { bytes, sequence } = readHeader(token, by, TOKEN_ID.MIC);
  if (!by.key.verifyChecksum(signUsage(by), token.subarray(HEADER), ...data, bytes)) throw forged();
  return sequence;
}

/** A Wrap token, sealed or signed, not rotated. */
export function wrapMessage(by: MessageKey, sequence: bigint, data: Uint8Array, sealed: boolean): Buffer {
  const head = header(by, TOKEN_ID.WRAP, sequence, sealed);
  if (sealed) return Buffer.concat([head, by.key.encrypt(sealUsage(by), Buffer.concat([data, head]))]);
  const checksum = by.key.checksum(sealUsage(by), data, head);
  head.writeUInt16BE(MAC_LENGTH, 4); // the checksum is over a header whose EC is zero
  return Buffer.concat([head, data, checksum]);
}

/**
 * Opens a Wrap token, however it is rotated.
 * @param dceStyle Windows rotates sealed tokens of that style by EC + RRC
 * @throws KerberosError `token-malformed`, `integrity-check-failed`
 */
export function unwrapMessage(by: MessageKey, token: Uint8Array, dceStyle = false): Opened {
  const { bytes, sealed, extraCount, rotation, sequence } = readHeader(token, by, TOKEN_ID.WRAP);
  const body = unrotated(token.subarray(HEADER), rotation + (dceStyle && sealed ? extraCount : 0));
  bytes.writeUInt16BE(0, 6);
  if (!sealed) {
    const end = body.length - extraCount;
    if (extraCount !== MAC_LENGTH || end < 0) throw malformed('checksum length');
    bytes.writeUInt16BE(0, 4);
    const data = body.subarray(0, end);
    if (!by.key.verifyChecksum(sealUsage(by), body.subarray(end), data, bytes)) throw forged();
    return { data, sealed, sequence };
  }
  const plain = by.key.decrypt(sealUsage(by), body);
  return { data: withoutTrailer(plain, bytes, extraCount), sealed, sequence };
}

/** The plaintext before the extra bytes and the encrypted copy of the header, which must be the header itself. */
function withoutTrailer(plain: Buffer, head: Uint8Array, extraCount: number): Buffer {
  const end = plain.length - HEADER - extraCount;
  if (end < 0) throw malformed('extra count');
  // Compared in the clear after the HMAC was verified: no secret is at stake here.
  if (Buffer.compare(plain.subarray(plain.length - HEADER), head) !== 0) throw forged();
  return plain.subarray(0, end);
}

/**
 * Seals a message of DCE style: sealed parts keep their length and place, and one token carries the rest.
 * @returns the token, DCE_TOKEN_LENGTH bytes, and the parts as they go over the wire
 */
export function sealParts(
  by: MessageKey,
  sequence: bigint,
  parts: readonly MessagePart[],
): { token: Buffer; parts: Buffer[] } {
  const head = header(by, TOKEN_ID.WRAP, sequence, true);
  head.writeUInt16BE(DCE_EXTRA_COUNT, 4);
  const trailer = { data: Buffer.concat([Buffer.alloc(DCE_EXTRA_COUNT), head]), sealed: true };
  const { confounder, pieces, mac } = by.key.encryptParts(sealUsage(by), [...parts, trailer]);
  const sealedTrailer = pieces.pop() ?? Buffer.alloc(0);
  head.writeUInt16BE(DCE_TRAILER - DCE_EXTRA_COUNT, 6);
  return { token: Buffer.concat([head, sealedTrailer, mac, confounder]), parts: pieces };
}

/** The reverse of `sealParts`. @throws KerberosError `token-malformed`, `integrity-check-failed` */
export function openParts(
  by: MessageKey,
  token: Uint8Array,
  parts: readonly MessagePart[],
): { parts: Buffer[]; sequence: bigint } {
  const { bytes, sealed, extraCount, rotation, sequence } = readHeader(token, by, TOKEN_ID.WRAP);
  const trailer = extraCount + HEADER + MAC_LENGTH;
  if (!sealed || rotation + extraCount !== trailer || token.length !== HEADER + trailer + CONFOUNDER_LENGTH)
    throw malformed('not sealed in DCE style');
  bytes.writeUInt16BE(0, 6);
  const body = Buffer.from(token.buffer, token.byteOffset + HEADER, token.length - HEADER);
  const split = trailer - MAC_LENGTH;
  const plain = by.key.decryptParts(sealUsage(by), {
    confounder: body.subarray(trailer),
    parts: [...parts, { data: body.subarray(0, split), sealed: true }],
    mac: body.subarray(split, trailer),
  });
  withoutTrailer(plain.pop() ?? Buffer.alloc(0), bytes, extraCount);
  return { parts: plain, sequence };
}

const forged = () =>
  new KerberosError('integrity-check-failed', 'The message was changed on the way, or is under another key.');
