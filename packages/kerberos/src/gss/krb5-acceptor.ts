/** The service's side of the Kerberos mechanism (RFC 4121 section 4.1), with the third leg of DCE style (RFC 4757 section 7.1). */
import { timingSafeEqual } from 'node:crypto';
import { type Accepted, type AcceptOptions, acceptApReq, makeApRep } from '../ap/accept.ts';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { ApRep, EncApRepPart } from '../messages/ap.ts';
import { decrypted } from '../messages/common.ts';
import { GssContext, type GssParty, type GssStep } from './context.ts';
import { firstSequence, outOfTurn } from './krb5-initiator.ts';
import { frameKrb5Token, GSS_FLAG, openKrb5Token, readGssFlags } from './krb5-token.ts';

const MAX_TOKEN = 65_536;
const RAW_AP_REQ = 0x60 | MSG_TYPE.AP_REQ;

/** Whether a token is an AP-REQ without framing, as DCE style has it. */
export const isRawApReq = (token: Uint8Array) => token[0] === RAW_AP_REQ;

const sameBytes = (a: Uint8Array, b: Uint8Array) => a.length === b.length && timingSafeEqual(a, b);

interface Established {
  context: GssContext;
  accepted: Accepted;
  subkey: Key;
  seqNumber: number;
}

/** Accepts a context from a client; flags that are not known here are dropped, delegation too. */
export function krb5Acceptor(options: AcceptOptions): GssParty {
  let pending: Established | undefined;
  let over = false;

  function request(token: Uint8Array): GssStep {
    if (token.length > MAX_TOKEN) throw new KerberosError('der-too-large', 'The token is too large.');
    const raw = isRawApReq(token);
    const accepted = acceptApReq(raw ? token : openKrb5Token('AP_REQ', token), options);
    const known = Object.values(GSS_FLAG).reduce((all, flag) => all | flag, 0) & ~GSS_FLAG.DELEGATE;
    const flags = readGssFlags(accepted.authenticator.cksum) & known;
    const dceStyle = (flags & GSS_FLAG.DCE_STYLE) !== 0;
    if (raw && !dceStyle)
      throw new KerberosError('token-malformed', 'Only tokens of DCE style come without framing.');
    const { authenticator, sessionKey } = accepted;
    const receiveFrom = authenticator.seqNumber ?? 0;
    const client = { realm: accepted.ticket.crealm, name: accepted.ticket.cname };
    const base = { isAcceptor: true, flags, client, receiveFrom, accepted };
    const offered = accepted.subkey ?? sessionKey;
    if (!dceStyle && (flags & GSS_FLAG.MUTUAL) === 0) {
      // Without an AP-REP both directions count from the initiator's number.
      return {
        context: new GssContext({ ...base, key: offered, acceptorSubkey: false, sendFrom: receiveFrom }),
      };
    }
    const subkey = Key.random(offered.etype);
    const seqNumber = firstSequence();
    const { ctime, cusec } = authenticator;
    const reply = makeApRep(sessionKey, { ctime, cusec, subkey, seqNumber });
    const context = new GssContext({ ...base, key: subkey, acceptorSubkey: true, sendFrom: seqNumber });
    if (!dceStyle) return { context, token: frameKrb5Token('AP_REP', reply) };
    pending = { context, accepted, subkey, seqNumber };
    over = false;
    return { token: reply };
  }

  /** The client shows our sequence number, which only the owner of the session key could read. */
  function thirdLeg(token: Uint8Array, { context, accepted, subkey, seqNumber }: Established): GssStep {
    const plain = decrypted(accepted.sessionKey, KEY_USAGE.AP_REP_ENC_PART, decodeDer(ApRep, token).encPart);
    const part = decodeDer(EncApRepPart, plain);
    // Our own AP-REP sent back to us would hold the number too: it is known by our subkey.
    const reflected = part.subkey !== undefined && sameBytes(part.subkey.keyValue, subkey.value);
    if (part.seqNumber !== seqNumber || reflected)
      throw new KerberosError('reply-mismatch', "The client's answer does not belong to this dialogue.");
    return { context };
  }

  return {
    step(token) {
      if (over || token === undefined) throw outOfTurn();
      over = true;
      return pending ? thirdLeg(token, pending) : request(token);
    },
  };
}
