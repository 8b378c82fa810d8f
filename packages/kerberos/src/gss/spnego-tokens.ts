/** The tokens of SPNEGO (RFC 4178 section 4.2): NegTokenInit and NegTokenResp. */
import { Cursor, tlv } from '../der/primitives.ts';
import { KerberosError } from '../errors.ts';
import { frameInitialToken, OID } from './oid.ts';

const CONTEXT = 0xa0;
const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const ENUMERATED = 0x0a;
const MAX_MECHANISMS = 32;

export const NEG_STATE = { ACCEPT_COMPLETED: 0, ACCEPT_INCOMPLETE: 1, REJECT: 2, REQUEST_MIC: 3 } as const;

export interface NegTokenInit {
  /** DER MechTypeList as it came: what the mechListMIC is over. */
  mechTypes: Uint8Array;
  /** Its elements, each a DER OID. */
  mechanisms: Uint8Array[];
  mechToken: Uint8Array | undefined;
  mechListMic: Uint8Array | undefined;
}

export interface NegTokenResp {
  state?: number | undefined;
  /** DER OID. */
  supportedMech?: Uint8Array | undefined;
  responseToken?: Uint8Array | undefined;
  mechListMic?: Uint8Array | undefined;
}

const context = (n: number, content: Uint8Array) => tlv(CONTEXT | n, content);
const octets = (n: number, value: Uint8Array | undefined) =>
  value ? [context(n, tlv(OCTET_STRING, value))] : [];

/** DER MechTypeList. */
export const mechTypeList = (...oids: readonly Uint8Array[]) => tlv(SEQUENCE, ...oids);

/** The first token, framed as GSS-API has it. */
export function encodeNegTokenInit(mechTypes: Uint8Array, mechToken: Uint8Array): Uint8Array {
  const members = tlv(SEQUENCE, context(0, mechTypes), ...octets(2, mechToken));
  return frameInitialToken(OID.SPNEGO, context(0, members));
}

export function encodeNegTokenResp(response: NegTokenResp): Uint8Array {
  const { state, supportedMech, responseToken, mechListMic } = response;
  const members = [
    ...(state === undefined ? [] : [context(0, tlv(ENUMERATED, Uint8Array.of(state)))]),
    ...(supportedMech ? [context(1, supportedMech)] : []),
    ...octets(2, responseToken),
    ...octets(3, mechListMic),
  ];
  return context(1, tlv(SEQUENCE, ...members));
}

/** @param inner what follows the mechanism in the initial token @throws KerberosError `token-malformed` */
export function readNegTokenInit(inner: Uint8Array): NegTokenInit {
  return guarded(() => {
    const init = only(new Cursor(inner), CONTEXT).enter(SEQUENCE);
    const list = init.enter(CONTEXT);
    const mechTypes = list.raw();
    list.finish();
    const elements = new Cursor(mechTypes).enter(SEQUENCE);
    const mechanisms: Uint8Array[] = [];
    while (!elements.done && mechanisms.length < MAX_MECHANISMS) mechanisms.push(elements.raw());
    elements.finish();
    if (init.peek() === (CONTEXT | 1)) init.raw(); // reqFlags, to be ignored (section 4.2.1)
    const members = { mechToken: readOctets(init, 2), mechListMic: readOctets(init, 3) };
    init.finish();
    return { mechTypes, mechanisms, ...members };
  });
}

/** @throws KerberosError `token-malformed` */
export function readNegTokenResp(token: Uint8Array): NegTokenResp {
  return guarded(() => {
    const body = only(new Cursor(token), CONTEXT | 1).enter(SEQUENCE);
    const state = body.peek() === CONTEXT ? body.enter(CONTEXT).enter(ENUMERATED).rest() : undefined;
    if (state && (state.length !== 1 || (state[0] ?? 0) > NEG_STATE.REQUEST_MIC))
      throw new KerberosError('token-malformed', 'The SPNEGO token has an unknown state.');
    const supportedMech = body.peek() === (CONTEXT | 1) ? body.enter(CONTEXT | 1).rest() : undefined;
    const members = { responseToken: readOctets(body, 2), mechListMic: readOctets(body, 3) };
    body.finish();
    return { state: state?.[0], supportedMech, ...members };
  });
}

function only(cursor: Cursor, tag: number): Cursor {
  const outer = cursor.enter(tag);
  cursor.finish();
  return outer;
}

function readOctets(members: Cursor, n: number): Uint8Array | undefined {
  if (members.peek() !== (CONTEXT | n)) return undefined;
  return members
    .enter(CONTEXT | n)
    .enter(OCTET_STRING)
    .rest();
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
