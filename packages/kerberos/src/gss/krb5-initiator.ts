/** The client's side of the Kerberos mechanism (RFC 4121 section 4.1), with the third leg of DCE style (RFC 4757 section 7.1). */
import { randomBytes } from 'node:crypto';
import { makeApRep } from '../ap/accept.ts';
import { makeApReq, openApRep } from '../ap/initiate.ts';
import { throwIfKrbError } from '../client/tgs.ts';
import type { Credentials } from '../credentials.ts';
import { Key } from '../crypto/key.ts';
import { KerberosError } from '../errors.ts';
import { GssContext, type GssParty, type GssStep } from './context.ts';
import { frameKrb5Token, GSS_FLAG, gssChecksum, openKrb5Answer } from './krb5-token.ts';

export interface InitiatorOptions {
  /** The service's clock as far as known. */
  now: Date;
  /** Whether the service is to prove itself; true unless given, and always in DCE style. */
  mutual?: boolean;
  /** Whether messages may be sealed (some services then insist on it); true unless given. */
  confidentiality?: boolean;
  /** Whether messages are signed; true unless given, and always where they are sealed. */
  integrity?: boolean;
  /** Three legs and tokens without framing, as DCE/RPC wants it. */
  dceStyle?: boolean;
}

/** A random sequence number to start with; MIT's habit of 30 bits keeps it away from its end. */
export const firstSequence = () => randomBytes(4).readUInt32BE() & 0x3fffffff;

export const outOfTurn = () =>
  new KerberosError('context-incomplete', 'The security context takes no token at this point.');

/** Sets up a context with the service that the credentials are for. */
export function krb5Initiator(credentials: Credentials, options: InitiatorOptions): GssParty {
  const { now, dceStyle = false, confidentiality = true } = options;
  const mutual = dceStyle || (options.mutual ?? true);
  const integrity = confidentiality || (options.integrity ?? true);
  const flags =
    GSS_FLAG.REPLAY |
    GSS_FLAG.SEQUENCE |
    (mutual ? GSS_FLAG.MUTUAL : 0) |
    (confidentiality ? GSS_FLAG.CONFIDENTIALITY : 0) |
    (integrity ? GSS_FLAG.INTEGRITY : 0) |
    (dceStyle ? GSS_FLAG.DCE_STYLE : 0);
  const { client, key: sessionKey } = credentials;
  const subkey = Key.random(sessionKey.etype);
  const sendFrom = firstSequence();
  const base = { isAcceptor: false, flags, client, sendFrom };
  let next: 'request' | 'reply' | 'nothing' = 'request';

  function request(): GssStep {
    next = mutual ? 'reply' : 'nothing';
    const apReq = makeApReq(credentials, {
      ...{ now, mutual, seqNumber: sendFrom, cksum: gssChecksum(flags) },
      subkey: { keyType: subkey.etype, keyValue: subkey.value },
    });
    const token = dceStyle ? apReq : frameKrb5Token('AP_REQ', apReq);
    if (mutual) return { token };
    // Without an AP-REP both directions count from the initiator's number.
    return {
      token,
      context: new GssContext({ ...base, key: subkey, acceptorSubkey: false, receiveFrom: sendFrom }),
    };
  }

  function reply(token: Uint8Array): GssStep {
    next = 'nothing';
    if (dceStyle) throwIfKrbError(token);
    const part = openApRep(dceStyle ? token : openKrb5Answer(token), sessionKey, now);
    const chosen = part.subkey && new Key(part.subkey.keyType, Buffer.from(part.subkey.keyValue));
    const context = new GssContext({
      ...base,
      key: chosen ?? subkey,
      acceptorSubkey: chosen !== undefined,
      receiveFrom: part.seqNumber ?? 0,
    });
    if (!dceStyle) return { context };
    const { ctime, cusec, seqNumber } = part;
    return { context, token: makeApRep(sessionKey, { ctime, cusec, seqNumber }) };
  }

  return {
    step(token) {
      if (next === 'request' && token === undefined) return request();
      if (next === 'reply' && token !== undefined) return reply(token);
      throw outOfTurn();
    },
  };
}
