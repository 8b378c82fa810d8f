/** The service's side of SPNEGO (RFC 4178) with Kerberos as the one mechanism; bare Kerberos tokens are taken too. */
import type { AcceptOptions } from '../ap/accept.ts';
import { KerberosError } from '../errors.ts';
import type { GssContext, GssParty, GssStep } from './context.ts';
import { isRawApReq, krb5Acceptor } from './krb5-acceptor.ts';
import { outOfTurn } from './krb5-initiator.ts';
import { isKerberosOid, OID, openInitialToken, sameOid } from './oid.ts';
import { encodeNegTokenResp, NEG_STATE, readNegTokenInit, readNegTokenResp } from './spnego-tokens.ts';

const MAX_TOKEN = 65_536;

/** The token that tells a client that it is refused, for protocols that send one. */
export const spnegoReject = () => encodeNegTokenResp({ state: NEG_STATE.REJECT });

/** Accepts a context from a client that offers Kerberos. */
export function spnegoAcceptor(options: AcceptOptions): GssParty {
  const mechanism = krb5Acceptor(options);
  let phase: 'start' | 'bare' | 'talking' | 'over' = 'start';
  let mechTypes: Uint8Array = new Uint8Array(0);
  let context: GssContext | undefined;
  let micWanted = false;
  let micVerified = false;
  let micSent = false;

  function first(token: Uint8Array): GssStep {
    const opened = isRawApReq(token) ? undefined : openInitialToken(token);
    if (!opened || isKerberosOid(opened.oid)) {
      const step = mechanism.step(token);
      phase = step.context ? 'over' : 'bare';
      return step;
    }
    if (!sameOid(opened.oid, OID.SPNEGO))
      throw new KerberosError('token-refused', 'Only Kerberos is admitted here.');
    const init = readNegTokenInit(opened.inner);
    mechTypes = init.mechTypes;
    const chosen = init.mechanisms.find(isKerberosOid);
    if (!chosen)
      throw new KerberosError(
        'token-refused',
        'Only Kerberos is admitted here; the client offers other mechanisms. Get a ticket first (klist shows it).',
      );
    // Another choice than the client's first could be the work of someone in between: the MIC tells (section 5).
    micWanted = chosen !== init.mechanisms[0];
    return micWanted
      ? proceed(chosen, undefined, undefined)
      : proceed(chosen, init.mechToken, init.mechListMic);
  }

  function proceed(
    chosen: Uint8Array | undefined,
    token: Uint8Array | undefined,
    mechListMic: Uint8Array | undefined,
  ): GssStep {
    const inner = token ? mechanism.step(token) : {};
    context = inner.context ?? context;
    if (mechListMic) {
      if (!context) throw outOfTurn();
      context.verifyMic(mechListMic, mechTypes);
      micVerified = true;
    }
    const completed = context !== undefined && (!micWanted || micVerified);
    const mic = context && (micWanted || micVerified) && !micSent ? context.getMic(mechTypes) : undefined;
    micSent ||= mic !== undefined;
    phase = completed ? 'over' : 'talking';
    const asksMic = chosen !== undefined && micWanted;
    const going = asksMic ? NEG_STATE.REQUEST_MIC : NEG_STATE.ACCEPT_INCOMPLETE;
    const answer = encodeNegTokenResp({
      state: completed ? NEG_STATE.ACCEPT_COMPLETED : going,
      supportedMech: chosen,
      responseToken: inner.token,
      mechListMic: mic,
    });
    return { token: answer, ...(completed && context ? { context } : {}) };
  }

  return {
    step(token) {
      if (token === undefined || phase === 'over') throw outOfTurn();
      if (token.length > MAX_TOKEN) throw new KerberosError('der-too-large', 'The token is too large.');
      const was = phase;
      phase = 'over'; // also after an error
      if (was === 'start') return first(token);
      if (was === 'bare') return mechanism.step(token);
      const { state, responseToken, mechListMic } = readNegTokenResp(token);
      if (state === NEG_STATE.REJECT || (!responseToken && !mechListMic)) throw outOfTurn();
      return proceed(undefined, responseToken, mechListMic);
    },
  };
}
