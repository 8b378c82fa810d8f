/** Object identifiers of the mechanisms, as DER, and the framing of an initial token (RFC 2743 section 3.1). */
import { Cursor, tlv } from '../der/primitives.ts';
import { KerberosError } from '../errors.ts';

export const OID = {
  /** 1.2.840.113554.1.2.2 */
  KERBEROS: Buffer.from('06092a864886f712010202', 'hex'),
  /** 1.2.840.48018.1.2.2, the wrong one that Windows still sends first */
  MS_KERBEROS: Buffer.from('06092a864882f712010202', 'hex'),
  /** 1.3.6.1.5.5.2 */
  SPNEGO: Buffer.from('06062b0601050502', 'hex'),
} as const;

export const sameOid = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
export const isKerberosOid = (oid: Uint8Array) => sameOid(oid, OID.KERBEROS) || sameOid(oid, OID.MS_KERBEROS);

const INITIAL_TOKEN = 0x60;

export const frameInitialToken = (oid: Uint8Array, inner: Uint8Array) => tlv(INITIAL_TOKEN, oid, inner);

/** The mechanism and what follows it. @throws KerberosError `token-malformed` */
export function openInitialToken(token: Uint8Array): { oid: Uint8Array; inner: Uint8Array } {
  try {
    const outer = new Cursor(token);
    const content = outer.enter(INITIAL_TOKEN);
    outer.finish();
    return { oid: content.raw(), inner: content.rest() };
  } catch (cause) {
    throw new KerberosError('token-malformed', 'The GSS token is malformed.', { cause });
  }
}
