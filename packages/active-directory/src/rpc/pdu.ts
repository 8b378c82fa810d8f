/** The frame of every connection-oriented PDU: common header, body, and the auth verifier at its end (C706 12.6.3.1, [MS-RPCE] 2.2.2). */
import { ActiveDirectoryError } from '../errors.ts';

export const PDU = {
  REQUEST: 0,
  RESPONSE: 2,
  FAULT: 3,
  BIND: 11,
  BIND_ACK: 12,
  BIND_NAK: 13,
  ALTER_CONTEXT: 14,
  ALTER_CONTEXT_RESPONSE: 15,
  AUTH3: 16,
} as const;
export const PDU_FLAG = { FIRST: 0x01, LAST: 0x02, HEADER_SIGNING: 0x04 } as const;

/** Bytes of the common header. */
export const HEADER = 16;
/** Bytes of request, response and fault before their stub, the common header with them. */
export const CALL_HEADER = 24;
/** Bytes of sec_trailer before the token. */
export const TRAILER = 8;
/** The largest fragment that we send or take, bytes; what Windows and Samba take too. */
export const MAX_FRAGMENT = 5840;

/** Little-endian integers, ASCII, IEEE floats. */
const DATA_REPRESENTATION = 0x10;

export interface Verifier {
  authType: number;
  authLevel: number;
  contextId: number;
  token: Uint8Array;
}

export interface Pdu {
  type: number;
  flags: number;
  callId: number;
  /** What follows the common header, without verifier and its padding. */
  body: Buffer;
  verifier?: Verifier | undefined;
  /** The whole fragment, and the verifier's place in it: what sealing works on. */
  raw: Buffer;
  padLength: number;
}

export const rpcMalformed = (what: string) =>
  new ActiveDirectoryError(
    'rpc-malformed',
    "The domain controller's answer is no RPC. Check that the address and port are a domain controller's.",
    { what },
  );

/** The common header, 16 bytes. */
export function encodeHeader(
  type: number,
  flags: number,
  callId: number,
  length: number,
  authLength: number,
): Buffer {
  const header = Buffer.alloc(HEADER);
  header[0] = 5;
  header[2] = type;
  header[3] = flags;
  header[4] = DATA_REPRESENTATION;
  header.writeUInt16LE(length, 8);
  header.writeUInt16LE(authLength, 10);
  header.writeUInt32LE(callId, 12);
  return header;
}

/** sec_trailer, 8 bytes. */
export function encodeTrailer(verifier: Omit<Verifier, 'token'>, padLength: number): Buffer {
  const trailer = Buffer.alloc(TRAILER);
  trailer[0] = verifier.authType;
  trailer[1] = verifier.authLevel;
  trailer[2] = padLength;
  trailer.writeUInt32LE(verifier.contextId, 4);
  return trailer;
}

/** One whole fragment; the body is padded to four bytes where a verifier follows. */
export function encodePdu(
  type: number,
  flags: number,
  callId: number,
  body: Uint8Array,
  verifier?: Verifier,
): Buffer {
  const padLength = verifier ? -body.length & 3 : 0;
  const tail = verifier ? [Buffer.alloc(padLength), encodeTrailer(verifier, padLength), verifier.token] : [];
  const length = HEADER + body.length + tail.reduce((sum, part) => sum + part.length, 0);
  const header = encodeHeader(type, flags, callId, length, verifier?.token.length ?? 0);
  return Buffer.concat([header, body, ...tail]);
}

/**
 * The length of the fragment whose first bytes these are, or undefined while the header is not there yet.
 * @throws ActiveDirectoryError `rpc-malformed` where it is not version 5, not little-endian, or too long
 */
export function fragmentLength(bytes: Buffer): number | undefined {
  if (bytes.length < HEADER) return undefined;
  if (bytes[0] !== 5 || (bytes[1] ?? 0) > 1 || bytes[4] !== DATA_REPRESENTATION)
    throw rpcMalformed('version or data representation');
  const length = bytes.readUInt16LE(8);
  if (length < HEADER || length > MAX_FRAGMENT) throw rpcMalformed(`a fragment of ${length} bytes`);
  return length;
}

/** Reads one whole fragment. @throws ActiveDirectoryError `rpc-malformed` */
export function decodePdu(raw: Buffer): Pdu {
  if (fragmentLength(raw) !== raw.length) throw rpcMalformed('fragment length');
  const authLength = raw.readUInt16LE(10);
  const end = authLength > 0 ? raw.length - authLength - TRAILER : raw.length;
  const padLength = authLength > 0 ? (raw[end + 2] ?? 0) : 0;
  if (end - padLength < HEADER) throw rpcMalformed('verifier length');
  const verifier = authLength > 0 && {
    authType: raw[end] ?? 0,
    authLevel: raw[end + 1] ?? 0,
    contextId: raw.readUInt32LE(end + 4),
    token: raw.subarray(end + TRAILER),
  };
  return {
    type: raw[2] ?? 0,
    flags: raw[3] ?? 0,
    callId: raw.readUInt32LE(12),
    body: raw.subarray(HEADER, end - padLength),
    ...(verifier && { verifier }),
    raw,
    padLength,
  };
}
