/** SPNEGO (RFC 4178) with Kerberos as the one mechanism: initiator and acceptor, one round trip. */
import { type Accepted, type AcceptOptions, acceptApReq } from '../ap/accept.ts';
import { checkApRep, makeApReq } from '../ap/initiate.ts';
import type { Credentials } from '../credentials.ts';
import { Cursor, tlv } from '../der/primitives.ts';
import { KerberosError } from '../errors.ts';
import { frameKrb5Token, GSS_FLAG, gssChecksum, openKrb5Token } from './krb5-token.ts';
import { frameInitialToken, isKerberosOid, OID, openInitialToken, sameOid } from './oid.ts';

const CONTEXT = 0xa0;
const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;
const ACCEPT_COMPLETED = 0;
const MAX_TOKEN = 65_536;

const context = (n: number, content: Uint8Array) => tlv(CONTEXT | n, content);

/**
 * The first token for a service, and the check of its answer. Kerberos is tried at once (mutual authentication asked for).
 * @param now the service's clock as far as known
 * @example
 * const { token, check } = initiateNegotiate(credentials, new Date());
 * const authorization = `Negotiate ${Buffer.from(token).toString('base64')}`;
 */
export function initiateNegotiate(
  credentials: Credentials,
  now: Date,
): { token: Uint8Array; check(answer: Uint8Array): void } {
  const flags = GSS_FLAG.MUTUAL | GSS_FLAG.REPLAY | GSS_FLAG.SEQUENCE | GSS_FLAG.INTEGRITY;
  const apReq = makeApReq(credentials, { now, mutual: true, seqNumber: 0, cksum: gssChecksum(flags) });
  const mechTypes = context(0, tlv(SEQUENCE, OID.KERBEROS));
  const mechToken = context(2, tlv(OCTET_STRING, frameKrb5Token('AP_REQ', apReq)));
  return {
    token: frameInitialToken(OID.SPNEGO, context(0, tlv(SEQUENCE, mechTypes, mechToken))),
    check: (answer) => checkApRep(openKrb5Token('AP_REP', readResponse(answer)), credentials, now),
  };
}

/**
 * Accepts the first token of a client, SPNEGO or bare Kerberos.
 * @returns who came, and the token to send back
 * @throws KerberosError `token-malformed`, `token-refused` (no Kerberos offered), and those of `acceptApReq`
 * @example
 * const replays = new ReplayCache(); // one for the service
 * const { ticket, pac, answer } = acceptNegotiate(token, { findKey: () => serviceKey, now: new Date(), replays });
 * const buffers = pac && verifyPac(pac, { server: serviceKey });
 */
export function acceptNegotiate(
  token: Uint8Array,
  options: AcceptOptions,
): Accepted & { answer: Uint8Array } {
  if (token.length > MAX_TOKEN) throw new KerberosError('der-too-large', 'The token is too large.');
  const { oid, inner } = openInitialToken(token);
  const bare = isKerberosOid(oid);
  if (!bare && !sameOid(oid, OID.SPNEGO))
    throw new KerberosError('token-refused', 'Only Kerberos is admitted here.');
  const accepted = acceptApReq(openKrb5Token('AP_REQ', bare ? token : readInit(inner)), options);
  const reply = accepted.reply ? frameKrb5Token('AP_REP', accepted.reply) : undefined;
  return { ...accepted, answer: bare ? (reply ?? new Uint8Array(0)) : response(reply) };
}

/** NegTokenInit: the mechanism token, where the client's first choice is Kerberos. */
function readInit(inner: Uint8Array): Uint8Array {
  return guarded(() => {
    const init = new Cursor(inner).enter(CONTEXT).enter(SEQUENCE);
    const mechanisms = init.enter(CONTEXT).enter(SEQUENCE);
    const first = mechanisms.raw();
    if (!isKerberosOid(first))
      throw new KerberosError(
        'token-refused',
        'Only Kerberos is admitted here; the client prefers another mechanism. Get a ticket first (klist shows it).',
      );
    while (!init.done && init.peek() !== (CONTEXT | 2)) init.raw();
    if (init.done)
      throw new KerberosError(
        'token-refused',
        'The client sent no Kerberos token. Get a ticket first (klist shows it).',
      );
    return init
      .enter(CONTEXT | 2)
      .enter(OCTET_STRING)
      .rest();
  });
}

/** NegTokenResp: completed, with Kerberos, and the mechanism's answer. */
function response(reply: Uint8Array | undefined): Uint8Array {
  const parts = [context(0, tlv(ENUMERATED, Uint8Array.of(ACCEPT_COMPLETED))), context(1, OID.KERBEROS)];
  if (reply) parts.push(context(2, tlv(OCTET_STRING, reply)));
  return context(1, tlv(SEQUENCE, ...parts));
}

function readResponse(answer: Uint8Array): Uint8Array {
  return guarded(() => {
    const body = new Cursor(answer).enter(CONTEXT | 1).enter(SEQUENCE);
    const state = body.enter(CONTEXT).enter(ENUMERATED).rest();
    if (state[0] !== ACCEPT_COMPLETED)
      throw new KerberosError('token-refused', 'The service did not accept the token.');
    while (!body.done && body.peek() !== (CONTEXT | 2)) body.raw();
    return body
      .enter(CONTEXT | 2)
      .enter(OCTET_STRING)
      .rest();
  });
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof KerberosError && error.code.startsWith('der-'))
      throw new KerberosError('token-malformed', 'The SPNEGO token is malformed.', { cause: error.message });
    throw error;
  }
}
