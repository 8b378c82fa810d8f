/** Security contexts of both our sides: protection, order, reflection, and what a service may not get away with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeApRep, ReplayCache } from '../ap/accept.ts';
import { Key } from '../crypto/key.ts';
import { unwrapMessage, wrapMessage } from '../crypto/rfc4121.ts';
import { tlv } from '../der/primitives.ts';
import { KerberosError } from '../errors.ts';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { encrypted, principal } from '../messages/common.ts';
import { KrbError } from '../messages/krb-error.ts';
import { EncTicketPart, NOT_TRANSITED } from '../messages/ticket.ts';
import type { GssContext, GssParty } from './context.ts';
import { krb5Acceptor } from './krb5-acceptor.ts';
import { type InitiatorOptions, krb5Initiator } from './krb5-initiator.ts';
import { frameKrb5Token } from './krb5-token.ts';
import { frameInitialToken, OID, openInitialToken } from './oid.ts';
import { ReceiveOrder } from './sequence.ts';
import { spnegoAcceptor, spnegoReject } from './spnego-acceptor.ts';
import { spnegoInitiator } from './spnego-initiator.ts';
import {
  encodeNegTokenResp,
  mechTypeList,
  NEG_STATE,
  readNegTokenInit,
  readNegTokenResp,
} from './spnego-tokens.ts';

const realm = 'CORP.EXAMPLE.COM';
const now = new Date(1_800_000_000_000);
const serviceKey = Key.random();
const sessionKey = Key.random();
const client = { realm, name: principal('alice') };
const server = { realm, name: principal('ldap/dc1') };
const times = { authtime: now, starttime: now, endtime: new Date(now.getTime() + 3_600_000) };
const ticketPart = EncTicketPart.encode({
  ...{ flags: 0, crealm: realm, cname: client.name, transited: NOT_TRANSITED, ...times },
  key: { keyType: 18, keyValue: sessionKey.value },
});
const encPart = encrypted(serviceKey, KEY_USAGE.TICKET, ticketPart, 1);
const credentials = {
  ...{ client, server, key: sessionKey, flags: 0, ...times },
  ticket: { tktVno: 5, realm, sname: server.name, encPart },
};
const acceptOptions = () => ({ findKey: () => serviceKey, now, replays: new ReplayCache() });
const code = (wanted: string) => expect.objectContaining({ code: wanted });
const NTLM = Buffer.from('060a2b06010401823702020a', 'hex');
const data = Buffer.from('some data');

/** Runs the dialogue to its end. */
function join(a: GssParty, b: GssParty): { ours: GssContext; theirs: GssContext; legs: number } {
  let step = a.step();
  let ours = step.context;
  let theirs: GssContext | undefined;
  for (let legs = 0; legs < 5; legs++) {
    if (step.token) {
      const answer = b.step(step.token);
      theirs = answer.context ?? theirs;
      step = answer.token ? a.step(answer.token) : {};
      ours = step.context ?? ours;
    }
    if (ours && theirs && !step.token) return { ours, theirs, legs };
  }
  throw new Error('no end');
}
const established = (options: Partial<InitiatorOptions> = {}) =>
  join(krb5Initiator(credentials, { now, ...options }), krb5Acceptor(acceptOptions()));

describe('a token', () => {
  it('of the other direction, another context or another kind is refused', () => {
    const { ours, theirs } = established();
    const other = established();
    const token = ours.wrap(data);
    expect(() => ours.unwrap(token)).toThrow(code('token-malformed'));
    expect(() => other.theirs.unwrap(token)).toThrow(code('integrity-check-failed'));
    expect(() => theirs.verifyMic(token, data)).toThrow(code('token-malformed'));
    expect(theirs.unwrap(token)).toEqual({ data, sealed: true });
    const mic = ours.getMic(data);
    expect(() => theirs.verifyMic(mic, Buffer.from('some Data'))).toThrow(code('integrity-check-failed'));
    theirs.verifyMic(mic, data.subarray(0, 3), data.subarray(3));
  });

  it('is read however it is rotated, and no byte of it can be changed', () => {
    const by = { key: sessionKey, byAcceptor: true, acceptorSubkey: false };
    for (const sealed of [true, false])
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(300), fc.nat(), (message, rotation, place) => {
          const token = wrapMessage(by, 7n, message, sealed);
          const body = token.subarray(16);
          const shift = rotation % body.length;
          const rotated = Buffer.concat([
            token.subarray(0, 16),
            body.subarray(body.length - shift),
            body.subarray(0, body.length - shift),
          ]);
          rotated.writeUInt16BE(rotation, 6);
          expect(unwrapMessage(by, rotated)).toEqual({ data: Buffer.from(message), sealed, sequence: 7n });
          const at = place % rotated.length;
          if (at === 6 || at === 7) return; // the rotation itself is not covered: a full turn changes nothing
          rotated[at] = (rotated[at] ?? 0) ^ 1;
          expect(() => unwrapMessage(by, rotated)).toThrow(KerberosError);
        }),
        { seed: 9, numRuns: 500 },
      );
  });

  it('of any bytes raises no other error than the library has', () => {
    const by = { key: sessionKey, byAcceptor: true, acceptorSubkey: false };
    const head = fc.constantFrom([5, 4, 1, 255], [5, 4, 3, 255]);
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 90 }), fc.boolean(), (start, rest, dce) => {
        expect(() => unwrapMessage(by, Uint8Array.of(...start, ...rest), dce)).toThrow(KerberosError);
      }),
      { seed: 9, numRuns: 2000 },
    );
  });
});

describe('order', () => {
  it('strict: each once and none missing', () => {
    const order = new ReceiveOrder('sequence', 5n);
    order.accept(5n);
    expect(() => order.accept(5n)).toThrow(code('replayed'));
    expect(() => order.accept(4n)).toThrow(code('replayed'));
    expect(() => order.accept(7n)).toThrow(code('out-of-sequence'));
    order.accept(6n);
  });

  it('by window: each once, in any order, nothing from before the window or the beginning', () => {
    const order = new ReceiveOrder('replay', 100n);
    for (const sequence of [103n, 100n, 102n]) order.accept(sequence);
    for (const seen of [99n, 100n, 102n, 103n]) expect(() => order.accept(seen)).toThrow(code('replayed'));
    order.accept(101n);
    order.accept(300n);
    expect(() => order.accept(104n)).toThrow(code('replayed'));
    order.accept(237n);
    expect(() => order.accept(237n)).toThrow(code('replayed'));
    expect(() => order.accept(236n)).toThrow(code('replayed'));
  });
});

describe('DCE style', () => {
  it('seals in place, and a context of three legs does not stand after two', () => {
    const { ours, theirs } = established({ dceStyle: true });
    const parts = [
      { data: Buffer.from('header'), sealed: false },
      { data: Buffer.from('stub one'), sealed: true },
      { data: Buffer.from('and two'), sealed: true },
    ];
    const sent = ours.wrapParts(parts);
    const wire = parts.map(({ sealed }, i) => ({ sealed, data: sent.parts[i] ?? Buffer.alloc(0) }));
    expect(wire.map((part) => part.data.length)).toEqual([6, 8, 7]);
    expect(wire[1]?.data.includes('stub')).toBe(false);
    expect(theirs.unwrapParts(sent.token, wire)).toEqual(parts.map((part) => part.data));
    expect(() => theirs.unwrapParts(sent.token, wire)).toThrow(code('replayed'));
    const joined = Buffer.concat([ours.wrap(data)]);
    expect(theirs.unwrap(joined).data).toEqual(data);

    const acceptor = krb5Acceptor(acceptOptions());
    const first = krb5Initiator(credentials, { now, dceStyle: true }).step();
    expect(acceptor.step(first.token).context).toBeUndefined();
  });

  it("the service's own answer is not the third leg, nor is one with another number", () => {
    const leg2 = () => {
      const acceptor = krb5Acceptor(acceptOptions());
      const { token } = krb5Initiator(credentials, { now, dceStyle: true }).step();
      return { acceptor, reply: acceptor.step(token).token };
    };
    const reflected = leg2();
    expect(() => reflected.acceptor.step(reflected.reply)).toThrow(code('reply-mismatch'));
    expect(() => reflected.acceptor.step(reflected.reply)).toThrow(code('context-incomplete'));
    const guessed = makeApRep(sessionKey, { ctime: now, cusec: 0, seqNumber: 1 });
    expect(() => leg2().acceptor.step(guessed)).toThrow(code('reply-mismatch'));
  });
});

describe('a dialogue', () => {
  it('takes each token once, and none after an error', () => {
    const initiator = krb5Initiator(credentials, { now });
    expect(() => initiator.step(data)).toThrow(code('context-incomplete'));
    const acceptor = krb5Acceptor(acceptOptions());
    const { token } = initiator.step();
    expect(() => initiator.step()).toThrow(code('context-incomplete'));
    acceptor.step(token);
    expect(() => acceptor.step(token)).toThrow(code('context-incomplete'));
    expect(() => initiator.step(data)).toThrow(code('token-malformed'));
    expect(() => initiator.step(data)).toThrow(code('context-incomplete'));
  });

  it('ends with the KRB-ERROR that the service sends, inside SPNEGO too', () => {
    const error = KrbError.encode({
      ...{ pvno: 5, msgType: 30, stime: now, susec: 0, realm, sname: server.name },
      errorCode: KRB_ERROR_CODES.SKEW.code,
    });
    const token = frameKrb5Token('KRB_ERROR', error);
    const bare = krb5Initiator(credentials, { now });
    bare.step();
    expect(() => bare.step(token)).toThrow(expect.objectContaining({ errorName: 'SKEW' }));
    const negotiated = spnegoInitiator(credentials, { now });
    negotiated.step();
    const rejection = encodeNegTokenResp({ state: NEG_STATE.REJECT, responseToken: token });
    expect(() => negotiated.step(rejection)).toThrow(expect.objectContaining({ errorName: 'SKEW' }));
  });
});

describe('SPNEGO', () => {
  const start = () => {
    const initiator = spnegoInitiator(credentials, { now });
    return { initiator, token: initiator.step().token ?? new Uint8Array(0) };
  };
  const mechToken = (token: Uint8Array) => readNegTokenInit(openInitialToken(token).inner).mechToken;

  it.each([false, true])('joins both sides, DCE style %s', (dceStyle) => {
    const initiator = spnegoInitiator(credentials, { now, dceStyle });
    const { ours, theirs } = join(initiator, spnegoAcceptor(acceptOptions()));
    expect(theirs.unwrap(ours.wrap(data)).data).toEqual(data);
    expect(ours.unwrap(theirs.wrap(data)).data).toEqual(data);
  });

  /** A client that prefers NTLM and offers Kerberos too, and asks for a MIC over its list. */
  function secondChoice() {
    const mechTypes = mechTypeList(NTLM, OID.MS_KERBEROS);
    const init = tlv(0xa0, tlv(0x30, tlv(0xa0, mechTypes), tlv(0xa2, tlv(0x04, Buffer.from('NTLMSSP')))));
    const acceptor = spnegoAcceptor(acceptOptions());
    const asked = readNegTokenResp(acceptor.step(frameInitialToken(OID.SPNEGO, init)).token ?? data);
    const mechanism = krb5Initiator(credentials, { now });
    const { token: responseToken } = mechanism.step();
    const step = acceptor.step(encodeNegTokenResp({ responseToken }));
    const proof = readNegTokenResp(step.token ?? data);
    const { context } = mechanism.step(proof.responseToken ?? data);
    if (!context || !proof.mechListMic) throw new Error('no context or MIC');
    return { acceptor, asked, step, proof, mechTypes, context, mic: proof.mechListMic };
  }

  it("asks for a MIC where Kerberos is not the client's first choice, and completes with it", () => {
    const { acceptor, asked, step, proof, mechTypes, context, mic } = secondChoice();
    expect(asked).toMatchObject({ state: NEG_STATE.REQUEST_MIC, supportedMech: OID.MS_KERBEROS });
    expect(step.context).toBeUndefined();
    expect(proof.state).toBe(NEG_STATE.ACCEPT_INCOMPLETE);
    context.verifyMic(mic, mechTypes);
    const last = acceptor.step(encodeNegTokenResp({ mechListMic: context.getMic(mechTypes) }));
    expect(last.context).toBeDefined();
    expect(readNegTokenResp(last.token ?? data).state).toBe(NEG_STATE.ACCEPT_COMPLETED);
  });

  it('a list that was changed on the way is found out', () => {
    const { acceptor, context } = secondChoice();
    const real = mechTypeList(OID.MS_KERBEROS, NTLM);
    expect(() => acceptor.step(encodeNegTokenResp({ mechListMic: context.getMic(real) }))).toThrow(
      code('integrity-check-failed'),
    );
    const mute = secondChoice();
    expect(() => mute.acceptor.step(encodeNegTokenResp({}))).toThrow(code('context-incomplete'));
  });

  it("our client answers a service's MIC with its own, and completes only with both", () => {
    const service = () => {
      const { initiator, token } = start();
      const mechanism = krb5Acceptor(acceptOptions());
      const { token: responseToken, context } = mechanism.step(mechToken(token));
      if (!context) throw new Error('no context');
      return { initiator, responseToken, context };
    };
    const list = mechTypeList(OID.KERBEROS);
    const asked = { state: NEG_STATE.REQUEST_MIC, supportedMech: OID.KERBEROS };
    const good = service();
    const reply = good.initiator.step(encodeNegTokenResp({ ...asked, responseToken: good.responseToken }));
    good.context.verifyMic(readNegTokenResp(reply.token ?? data).mechListMic ?? data, list);
    const mechListMic = good.context.getMic(list);
    const done = good.initiator.step(encodeNegTokenResp({ state: NEG_STATE.ACCEPT_COMPLETED, mechListMic }));
    expect(done.context).toBeDefined();

    const forged = service();
    forged.initiator.step(encodeNegTokenResp({ ...asked, responseToken: forged.responseToken }));
    const wrong = encodeNegTokenResp({
      state: NEG_STATE.ACCEPT_COMPLETED,
      mechListMic: forged.context.getMic(mechTypeList(NTLM, OID.KERBEROS)),
    });
    expect(() => forged.initiator.step(wrong)).toThrow(code('integrity-check-failed'));

    const mute = service();
    mute.initiator.step(encodeNegTokenResp({ ...asked, responseToken: mute.responseToken }));
    expect(() => mute.initiator.step(encodeNegTokenResp({ state: NEG_STATE.ACCEPT_COMPLETED }))).toThrow(
      code('token-refused'),
    );
  });

  it('a service that completes without proof, rejects or wants NTLM is refused', () => {
    const completed = encodeNegTokenResp({ state: NEG_STATE.ACCEPT_COMPLETED, supportedMech: OID.KERBEROS });
    const ntlm = encodeNegTokenResp({ state: NEG_STATE.ACCEPT_INCOMPLETE, supportedMech: NTLM });
    for (const answer of [completed, spnegoReject(), ntlm])
      expect(() => start().initiator.step(answer)).toThrow(code('token-refused'));
    const nothing = encodeNegTokenResp({ state: NEG_STATE.ACCEPT_INCOMPLETE });
    expect(() => start().initiator.step(nothing)).toThrow(code('context-incomplete'));
  });
});
