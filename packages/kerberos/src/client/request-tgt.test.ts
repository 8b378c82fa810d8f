/** The client against KDCs that answer falsely, refer in circles or ask for too much; what MIT and Samba never do. */
import { describe, expect, it } from 'vitest';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KRB_ERROR_CODES, type KrbErrorName } from '../iana/error-codes.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { MSG_TYPE, TICKET_FLAG } from '../iana/message-types.ts';
import { PADATA } from '../iana/padata-types.ts';
import { ApReq, Authenticator } from '../messages/ap.ts';
import {
  Checksum,
  decrypted,
  encrypted,
  krbtgt,
  MethodData,
  type PaData,
  type PrincipalName,
  principal,
} from '../messages/common.ts';
import { AsRep, EncAsRepPart, type EncKdcRepPart, EncTgsRepPart, TgsRep } from '../messages/kdc-rep.ts';
import { AsReq, type KdcReq, TgsReq } from '../messages/kdc-req.ts';
import { KrbError } from '../messages/krb-error.ts';
import { EtypeInfo2, findPaData } from '../messages/padata.ts';
import { requestTgt } from './request-tgt.ts';
import { requestTicket } from './tgs.ts';
import type { KdcTransport } from './transport.ts';

const REALM = 'A.TEST';
const now = new Date(1_800_000_000_000);
const sessionKey = Key.random();
const alice = principal('alice');
const clientKey = Key.fromPassword('secret', 'A.TESTalice');

const krbError = (name: KrbErrorName, more: { eData?: Uint8Array; crealm?: string } = {}) =>
  Buffer.from(
    KrbError.encode({
      ...{ pvno: 5, msgType: MSG_TYPE.KRB_ERROR, stime: now, susec: 0, realm: REALM, sname: krbtgt(REALM) },
      ...{ errorCode: KRB_ERROR_CODES[name].code, ...more },
    }),
  );
const ticketFor = (realm: string, sname: PrincipalName) => ({
  ...{ tktVno: 5, realm, sname, encPart: encrypted(clientKey, KEY_USAGE.TICKET, new Uint8Array(8)) },
});
const partFor = (request: KdcReq, sname: PrincipalName): EncKdcRepPart => ({
  key: { keyType: 18, keyValue: sessionKey.value },
  lastReq: [],
  nonce: request.body.nonce,
  flags: 0,
  authtime: now,
  endtime: request.body.till,
  srealm: REALM,
  sname,
});

interface Lie {
  part?: Partial<EncKdcRepPart>;
  reply?: { crealm?: string; cname?: PrincipalName };
  ticketFor?: PrincipalName;
  info?: { salt?: string; s2kparams?: Uint8Array; etype?: number };
  /** Over what the protected reply's checksum is; none where undefined. */
  bound?: (message: Uint8Array) => Uint8Array;
}

/** A KDC that wants pre-authentication and lies as told. */
function kdc(lie: Lie = {}): KdcTransport {
  return async (message) => {
    const request = decodeDer(AsReq, message);
    const info: PaData = { type: PADATA.ETYPE_INFO2, value: EtypeInfo2.encode([{ etype: 18, ...lie.info }]) };
    if (!findPaData(request.padata, PADATA.ENC_TIMESTAMP)) {
      const methods = [info, { type: PADATA.ENC_TIMESTAMP, value: new Uint8Array(0) }];
      return krbError('PREAUTH_REQUIRED', { eData: MethodData.encode(methods) });
    }
    const part = { ...partFor(request, krbtgt(REALM)), ...lie.part };
    if (lie.bound) {
      const over = lie.bound(message);
      const sum = { type: clientKey.checksumType, checksum: clientKey.checksum(KEY_USAGE.AS_REQ, over) };
      part.encryptedPaData = [{ type: PADATA.REQ_ENC_PA_REP, value: Checksum.encode(sum) }];
    }
    const encPart = encrypted(clientKey, KEY_USAGE.AS_REP_ENC_PART, EncAsRepPart.encode(part));
    const names = { crealm: REALM, cname: alice, ...lie.reply };
    const ticket = ticketFor(REALM, lie.ticketFor ?? part.sname);
    return Buffer.from(AsRep.encode({ pvno: 5, msgType: MSG_TYPE.AS_REP, ...names, ticket, encPart }));
  };
}

const signIn = (transport: KdcTransport, more = {}) =>
  requestTgt({
    ...{ client: alice, realm: REALM, secret: { password: 'secret' }, transport, now: () => now, ...more },
  });
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('an answer of the KDC', () => {
  it('is taken where it belongs to the request', async () => {
    const { credentials } = await signIn(kdc());
    expect(Buffer.from(credentials.key.value).equals(sessionKey.value)).toBe(true);
    expect(credentials.endtime.getTime() - now.getTime()).toBe(36_000_000);
    const protectedReply = {
      part: { flags: TICKET_FLAG.ENC_PA_REP },
      bound: (message: Uint8Array) => message,
    };
    await expect(signIn(kdc(protectedReply))).resolves.toBeDefined();
  });

  it.each<[string, Lie]>([
    ['another nonce', { part: { nonce: 1 } }],
    ['another realm', { part: { srealm: 'B.TEST' } }],
    ["another client's realm", { reply: { crealm: 'B.TEST' } }],
    ['another service', { part: { sname: principal('kadmin/changepw') } }],
    ['a ticket for another service', { ticketFor: principal('kadmin/changepw') }],
    ['protection that is missing', { part: { flags: TICKET_FLAG.ENC_PA_REP } }],
    [
      'a request that was changed on the way',
      { part: { flags: TICKET_FLAG.ENC_PA_REP }, bound: (message) => message.subarray(1) },
    ],
  ])('with %s is refused', async (_, lie) => {
    await expect(signIn(kdc(lie))).rejects.toThrow(code('reply-mismatch'));
  });

  it('with another client is taken only where names may be canonicalized', async () => {
    const renamed = kdc({ reply: { cname: principal('alice.example') } });
    expect((await signIn(renamed)).credentials.client.name.nameString).toEqual(['alice.example']);
    await expect(signIn(renamed, { canonicalize: false })).rejects.toThrow(code('reply-mismatch'));
  });

  it('that makes the password cheap to guess or dear to hash is refused', async () => {
    for (const iterations of [0, 1, 4095, 1_000_001, 0xffffffff]) {
      const s2kparams = Buffer.alloc(4);
      s2kparams.writeUInt32BE(iterations);
      await expect(signIn(kdc({ info: { s2kparams } }))).rejects.toThrow(code('value-out-of-range'));
    }
    await expect(signIn(kdc({ info: { etype: 23 } }))).rejects.toThrow(code('etype-unsupported'));
  });
});

describe('referrals', () => {
  it('a client is sent on to its realm, but not in circles', async () => {
    const asked: string[] = [];
    const referring =
      (to: (realm: string) => string): KdcTransport =>
      async (_, realm) => {
        asked.push(realm);
        return krbError('WRONG_REALM', { crealm: to(realm) });
      };
    await expect(signIn(referring((realm) => (realm === REALM ? 'B.TEST' : REALM)))).rejects.toThrow(
      code('referral-refused'),
    );
    expect(asked).toEqual(['A.TEST', 'B.TEST']);
    asked.length = 0;
    await expect(signIn(referring((realm) => `X.${realm}`))).rejects.toThrow(code('referral-refused'));
    expect(asked).toHaveLength(5);
  });

  /** TGS that answer every request with a TGT for the realm that `to` gives. */
  function tgs(asked: string[], to: (realm: string) => string): KdcTransport {
    return async (message, realm) => {
      asked.push(realm);
      const request = decodeDer(TgsReq, message);
      const apReq = decodeDer(ApReq, findPaData(request.padata, PADATA.TGS_REQ) ?? new Uint8Array(0));
      const plain = decrypted(sessionKey, KEY_USAGE.TGS_REQ_AUTHENTICATOR, apReq.authenticator);
      const { subkey } = decodeDer(Authenticator, plain);
      if (!subkey) throw new Error('no subkey');
      const sname = krbtgt(to(realm));
      const part = EncTgsRepPart.encode({ ...partFor(request, sname), srealm: realm });
      const key = new Key(subkey.keyType, Buffer.from(subkey.keyValue));
      const encPart = encrypted(key, KEY_USAGE.TGS_REP_SUBKEY, part);
      const ticket = ticketFor(realm, sname);
      const base = { pvno: 5, msgType: MSG_TYPE.TGS_REP, crealm: REALM, cname: alice };
      return Buffer.from(TgsRep.encode({ ...base, ticket, encPart }));
    };
  }

  it('a service is looked for realm by realm, but not in circles and not for ever', async () => {
    const { credentials: tgt } = await signIn(kdc());
    const ask = (to: (realm: string) => string, asked: string[], sname = principal('host/x.test', 3)) =>
      requestTicket({ tgt, sname, realm: REALM, transport: tgs(asked, to), now: () => now });
    const circle: string[] = [];
    await expect(
      ask((realm) => (realm === 'C.TEST' ? 'b.test' : realm === REALM ? 'B.TEST' : 'C.TEST'), circle),
    ).rejects.toThrow(code('referral-refused'));
    expect(circle).toEqual(['A.TEST', 'B.TEST', 'C.TEST']);
    const endless: string[] = [];
    await expect(ask((realm) => `X.${realm}`, endless)).rejects.toThrow(code('referral-refused'));
    expect(endless).toHaveLength(10);
    const straight: string[] = [];
    const { credentials } = await ask((realm) => `B${realm}`, straight, krbtgt('BBA.TEST'));
    expect(credentials.server.name.nameString).toEqual(['krbtgt', 'BBA.TEST']);
    expect(straight).toEqual(['A.TEST', 'BA.TEST']);
  });
});
