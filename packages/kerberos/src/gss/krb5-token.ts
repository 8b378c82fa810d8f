/** The Kerberos mechanism's tokens (RFC 4121 section 4.1): a token id in front of AP-REQ and AP-REP. */
import { throwIfKrbError } from '../client/tgs.ts';
import { KerberosError } from '../errors.ts';
import { CKSUMTYPE } from '../iana/etypes.ts';
import type { Checksum } from '../messages/common.ts';
import { frameInitialToken, isKerberosOid, OID, openInitialToken } from './oid.ts';

const TOKEN_ID = { AP_REQ: 0x0100, AP_REP: 0x0200, KRB_ERROR: 0x0300 } as const;
type TokenKind = keyof typeof TOKEN_ID;

export function frameKrb5Token(kind: TokenKind, message: Uint8Array): Uint8Array {
  const id = Buffer.alloc(2);
  id.writeUInt16BE(TOKEN_ID[kind]);
  return frameInitialToken(OID.KERBEROS, Buffer.concat([id, message]));
}

/** @throws KerberosError `token-malformed` where it is not a Kerberos token of that kind */
export function openKrb5Token(kind: TokenKind, token: Uint8Array): Uint8Array {
  const { oid, inner } = openInitialToken(token);
  if (!isKerberosOid(oid) || inner.length < 2 || Buffer.from(inner).readUInt16BE() !== TOKEN_ID[kind])
    throw new KerberosError(
      'token-malformed',
      'The GSS token is not the Kerberos token that is expected here.',
    );
  return inner.subarray(2);
}

/** Context flags (RFC 4121 section 4.1.1.1). */
export const GSS_FLAG = {
  DELEGATE: 1,
  MUTUAL: 2,
  REPLAY: 4,
  SEQUENCE: 8,
  CONFIDENTIALITY: 16,
  INTEGRITY: 32,
  /** [MS-KILE] 3.2.5.2 and RFC 4757 section 7.1: a third leg, and tokens without framing. */
  DCE_STYLE: 0x1000,
} as const;

/** The authenticator's checksum of type 0x8003: no channel bindings, and the flags. */
export function gssChecksum(flags: number): Checksum {
  const checksum = Buffer.alloc(24);
  checksum.writeUInt32LE(16, 0);
  checksum.writeUInt32LE(flags, 20);
  return { type: CKSUMTYPE.GSS_8003, checksum };
}

/** The flags out of that checksum. @throws KerberosError `token-malformed` where it is none */
export function readGssFlags(checksum: Checksum | undefined): number {
  if (checksum?.type !== CKSUMTYPE.GSS_8003 || checksum.checksum.length < 24)
    throw new KerberosError(
      'token-malformed',
      'The AP-REQ has no GSS checksum; it was not made for GSS-API.',
    );
  const bytes = Buffer.from(checksum.checksum);
  if (bytes.readUInt32LE(0) !== 16)
    throw new KerberosError('token-malformed', 'The GSS checksum of the AP-REQ is malformed.');
  return bytes.readUInt32LE(20);
}

/** The message of an answer, which is a KRB-ERROR where the service refused. @throws KrbErrorReply; KerberosError `token-malformed` */
export function openKrb5Answer(token: Uint8Array): Uint8Array {
  const { inner } = openInitialToken(token);
  if (inner.length > 2 && Buffer.from(inner).readUInt16BE() === TOKEN_ID.KRB_ERROR)
    throwIfKrbError(inner.subarray(2));
  return openKrb5Token('AP_REP', token);
}
