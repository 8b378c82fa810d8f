/** The client's side of SPNEGO (RFC 4178) with Kerberos as the one mechanism, tried at once. */
import type { Credentials } from '../credentials.ts';
import { KerberosError } from '../errors.ts';
import type { GssContext, GssParty, GssStep } from './context.ts';
import { type InitiatorOptions, krb5Initiator, outOfTurn } from './krb5-initiator.ts';
import { isKerberosOid, OID } from './oid.ts';
import {
  encodeNegTokenInit,
  encodeNegTokenResp,
  mechTypeList,
  NEG_STATE,
  readNegTokenResp,
} from './spnego-tokens.ts';

const refused = (message: string) => new KerberosError('token-refused', message);

/** Sets up a context with the service that the credentials are for; it stands when the service says completed. */
export function spnegoInitiator(credentials: Credentials, options: InitiatorOptions): GssParty {
  const mechanism = krb5Initiator(credentials, options);
  const mechTypes = mechTypeList(OID.KERBEROS);
  let phase: 'start' | 'talking' | 'over' = 'start';
  let context: GssContext | undefined;
  let micWanted = false;
  let micVerified = false;
  let micSent = false;

  function start(): GssStep {
    phase = 'talking';
    const first = mechanism.step();
    context = first.context;
    return { token: encodeNegTokenInit(mechTypes, first.token ?? new Uint8Array(0)) };
  }

  function answer(token: Uint8Array): GssStep {
    phase = 'over'; // unless this step turns out to need another one
    const { state, supportedMech, responseToken, mechListMic } = readNegTokenResp(token);
    if (supportedMech && !isKerberosOid(supportedMech))
      throw refused('The service wants another mechanism than Kerberos. Check its service principal name.');
    // A Kerberos error inside says more than the rejection around it.
    const inner = responseToken && responseToken.length > 0 ? mechanism.step(responseToken) : {};
    if (state === NEG_STATE.REJECT) throw refused('The service did not accept the token.');
    if (state === NEG_STATE.REQUEST_MIC) micWanted = true;
    context = inner.context ?? context;
    if (mechListMic) {
      if (!context) throw outOfTurn();
      context.verifyMic(mechListMic, mechTypes);
      micVerified = true;
    }
    if (state === NEG_STATE.ACCEPT_COMPLETED) {
      if (!context || inner.token || (micWanted && !micVerified))
        throw refused('The service ended the negotiation before it proved itself.');
      return { context };
    }
    const mic = context && (micWanted || micVerified) && !micSent ? context.getMic(mechTypes) : undefined;
    if (!inner.token && !mic) throw outOfTurn();
    micSent ||= mic !== undefined;
    phase = 'talking';
    return { token: encodeNegTokenResp({ responseToken: inner.token, mechListMic: mic }) };
  }

  return {
    step(token) {
      if (phase === 'start' && token === undefined) return start();
      if (phase === 'talking' && token !== undefined) return answer(token);
      throw outOfTurn();
    },
  };
}
