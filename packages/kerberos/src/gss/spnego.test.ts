/** SPNEGO: who is let in, and that a damaged token raises no other error than the library has. */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { ReplayCache } from '../ap/accept.ts';
import { makeApReq } from '../ap/initiate.ts';
import { Key } from '../crypto/key.ts';
import { tlv } from '../der/primitives.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { encrypted, principal } from '../messages/common.ts';
import { EncTicketPart, NOT_TRANSITED } from '../messages/ticket.ts';
import { frameKrb5Token, GSS_FLAG, gssChecksum } from './krb5-token.ts';
import { frameInitialToken, OID } from './oid.ts';
import { acceptNegotiate, initiateNegotiate } from './spnego.ts';

const realm = 'CORP.EXAMPLE.COM';
const now = new Date(1_800_000_000_000);
const serviceKey = Key.random();
const sessionKey = Key.random();
const client = { realm, name: principal('alice') };
const server = { realm, name: principal('HTTP/localhost') };
const times = { authtime: now, starttime: now, endtime: new Date(now.getTime() + 3_600_000) };
const part = EncTicketPart.encode({
  flags: 0,
  key: { keyType: 18, keyValue: sessionKey.value },
  crealm: realm,
  cname: client.name,
  transited: NOT_TRANSITED,
  ...times,
});
const ticket = {
  tktVno: 5,
  realm,
  sname: server.name,
  encPart: encrypted(serviceKey, KEY_USAGE.TICKET, part, 1),
};
const credentials = { client, server, key: sessionKey, ticket, flags: 0, ...times };

let options: Parameters<typeof acceptNegotiate>[1];
beforeEach(() => {
  options = { findKey: () => serviceKey, now, replays: new ReplayCache() };
});

describe('a token', () => {
  it('is accepted once, and its answer proves the service', () => {
    const { token, check } = initiateNegotiate(credentials, now);
    const accepted = acceptNegotiate(token, options);
    expect(accepted.ticket.cname.nameString).toEqual(['alice']);
    check(accepted.answer);
    expect(() => acceptNegotiate(token, options)).toThrow(/used before/);
    const other = initiateNegotiate(credentials, new Date(now.getTime() + 1000));
    expect(() => other.check(accepted.answer)).toThrow(/does not belong/);
  });

  it('is refused out of its time, and with another key', () => {
    const at = (milliseconds: number) => ({ ...options, now: new Date(now.getTime() + milliseconds) });
    const { token } = initiateNegotiate(credentials, now);
    expect(() => acceptNegotiate(token, at(6 * 60_000))).toThrow(/five minutes/);
    expect(() => acceptNegotiate(token, at(-6 * 60_000))).toThrow(/not valid yet/);
    expect(() => acceptNegotiate(token, at(2 * 3_600_000))).toThrow(/expired/);
    expect(() => acceptNegotiate(token, { ...options, findKey: () => Key.random() })).toThrow(KerberosError);
    expect(() => acceptNegotiate(token, { ...options, findKey: () => undefined })).toThrow(/not here/);
  });

  it('of another mechanism first, or without a Kerberos token, is refused with what to do', () => {
    const init = (...members: Uint8Array[]) =>
      frameInitialToken(OID.SPNEGO, tlv(0xa0, tlv(0x30, ...members)));
    const ntlm = Buffer.from('060a2b06010401823702020a', 'hex');
    expect(() => acceptNegotiate(init(tlv(0xa0, tlv(0x30, ntlm, OID.KERBEROS))), options)).toThrow(/klist/);
    expect(() => acceptNegotiate(init(tlv(0xa0, tlv(0x30, OID.KERBEROS))), options)).toThrow(/klist/);
    expect(() => acceptNegotiate(frameInitialToken(ntlm, new Uint8Array(4)), options)).toThrow(
      /Only Kerberos/,
    );
  });

  it('without SPNEGO around it is accepted too', () => {
    const apReq = makeApReq(credentials, { now, cksum: gssChecksum(GSS_FLAG.MUTUAL) });
    const bare = frameKrb5Token('AP_REQ', apReq);
    expect(acceptNegotiate(bare, options).ticket.crealm).toBe(realm);
  });

  it('raises no other error than the library has, wherever it is cut or changed', () => {
    const { token } = initiateNegotiate(credentials, now);
    const attempt = (bytes: Uint8Array) => {
      try {
        acceptNegotiate(bytes, { ...options, replays: new ReplayCache() });
      } catch (error) {
        expect(error).toBeInstanceOf(KerberosError);
      }
    };
    for (let length = 0; length < token.length; length++) attempt(token.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(token);
        changed[at] = byte;
        attempt(changed);
      }),
      { seed: 9, numRuns: 3000 },
    );
    expect(() => acceptNegotiate(new Uint8Array(70_000).fill(0x60), options)).toThrow(/too large/);
  });
});
