/** Every message: what is written is read again, and DER that is not the one right form is refused (X.690 section 10). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, decodeDer } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { ApRep, ApReq, Authenticator, EncApRepPart } from './ap.ts';
import { AuthorizationData, MethodData } from './common.ts';
import { AsRep, EncAsRepPart, EncTgsRepPart, TgsRep } from './kdc-rep.ts';
import { AsReq, TgsReq } from './kdc-req.ts';
import { KrbError } from './krb-error.ts';
import { EtypeInfo2, KeyListRep, KeyListReq, PaEncTsEnc, PaPacOptions, PaPacRequest } from './padata.ts';
import { EncTicketPart, Ticket } from './ticket.ts';

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const text = fc.string({ maxLength: 40, unit: 'grapheme' });
const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));
const time = fc
  .integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 })
  .map((seconds) => new Date(seconds * 1000));
const micro = fc.integer({ min: 0, max: 999_999 });
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
/** A record whose members named in `optional` may be absent. */
const record = <T>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: (keyof T)[] = []) =>
  fc.record(members, {
    requiredKeys: (Object.keys(members) as (keyof T)[]).filter((name) => !optional.includes(name)), // own keys of a literal
  });

const name = record({ nameType: int32, nameString: list(text) });
const key = record({ keyType: int32, keyValue: bytes });
const encryptedData = record({ etype: int32, kvno: int32, cipher: bytes }, ['kvno']);
const checksum = record({ type: int32, checksum: bytes });
const padata = list(record({ type: int32, value: bytes }));
const authorizationData = list(record({ type: int32, data: bytes }));
const addresses = list(record({ type: int32, address: bytes }));
const ticket = record({ tktVno: int32, realm: text, sname: name, encPart: encryptedData });
const body = record(
  {
    kdcOptions: uint32,
    cname: name,
    realm: text,
    sname: name,
    from: time,
    till: time,
    rtime: time,
    nonce: uint32,
    etypes: list(int32),
    addresses,
    encAuthorizationData: encryptedData,
    additionalTickets: list(ticket),
  },
  ['cname', 'sname', 'from', 'rtime', 'addresses', 'encAuthorizationData', 'additionalTickets'],
);
const kdcReq = record({ pvno: int32, msgType: int32, padata, body }, ['padata']);
const kdcRep = record(
  { pvno: int32, msgType: int32, padata, crealm: text, cname: name, ticket, encPart: encryptedData },
  ['padata'],
);
const encKdcRepPart = record(
  {
    key,
    lastReq: list(record({ type: int32, value: time })),
    nonce: uint32,
    keyExpiration: time,
    flags: uint32,
    authtime: time,
    starttime: time,
    endtime: time,
    renewTill: time,
    srealm: text,
    sname: name,
    caddr: addresses,
    encryptedPaData: padata,
  },
  ['keyExpiration', 'starttime', 'renewTill', 'caddr', 'encryptedPaData'],
);

/** A codec and what it is to hold; the types part here, since a list of all of them has none in common. */
const row = <T>(title: string, codec: Codec<T>, values: fc.Arbitrary<T>) => ({
  title,
  encode: () => fc.sample(values, { seed: 1, numRuns: 1 }).map((value) => codec.encode(value))[0],
  decode: (input: Uint8Array): unknown => decodeDer(codec, input),
  roundTrip: () =>
    fc.assert(
      fc.property(values, (value) => {
        const encoded = codec.encode(value);
        expect(decodeDer(codec, encoded)).toEqual(value);
        expect(Buffer.from(codec.encode(decodeDer(codec, encoded))).equals(encoded)).toBe(true);
      }),
      { seed: 2 },
    ),
});

const rows = [
  row('AS-REQ', AsReq, kdcReq),
  row('TGS-REQ', TgsReq, kdcReq),
  row('AS-REP', AsRep, kdcRep),
  row('TGS-REP', TgsRep, kdcRep),
  row('EncASRepPart', EncAsRepPart, encKdcRepPart),
  row('EncTGSRepPart', EncTgsRepPart, encKdcRepPart),
  row('Ticket', Ticket, ticket),
  row(
    'EncTicketPart',
    EncTicketPart,
    record(
      {
        flags: uint32,
        key,
        crealm: text,
        cname: name,
        transited: record({ type: int32, contents: bytes }),
        authtime: time,
        starttime: time,
        endtime: time,
        renewTill: time,
        caddr: addresses,
        authorizationData,
      },
      ['starttime', 'renewTill', 'caddr', 'authorizationData'],
    ),
  ),
  row(
    'AP-REQ',
    ApReq,
    record({ pvno: int32, msgType: int32, apOptions: uint32, ticket, authenticator: encryptedData }),
  ),
  row(
    'Authenticator',
    Authenticator,
    record(
      {
        vno: int32,
        crealm: text,
        cname: name,
        cksum: checksum,
        cusec: micro,
        ctime: time,
        subkey: key,
        seqNumber: uint32,
        authorizationData,
      },
      ['cksum', 'subkey', 'seqNumber', 'authorizationData'],
    ),
  ),
  row('AP-REP', ApRep, record({ pvno: int32, msgType: int32, encPart: encryptedData })),
  row(
    'EncAPRepPart',
    EncApRepPart,
    record({ ctime: time, cusec: micro, subkey: key, seqNumber: uint32 }, ['subkey', 'seqNumber']),
  ),
  row(
    'KRB-ERROR',
    KrbError,
    record(
      {
        pvno: int32,
        msgType: int32,
        ctime: time,
        cusec: micro,
        stime: time,
        susec: micro,
        errorCode: int32,
        crealm: text,
        cname: name,
        realm: text,
        sname: name,
        eText: text,
        eData: bytes,
      },
      ['ctime', 'cusec', 'crealm', 'cname', 'eText', 'eData'],
    ),
  ),
  row('AuthorizationData', AuthorizationData, authorizationData),
  row('METHOD-DATA', MethodData, padata),
  row('PA-ENC-TS-ENC', PaEncTsEnc, record({ patimestamp: time, pausec: micro }, ['pausec'])),
  row(
    'ETYPE-INFO2',
    EtypeInfo2,
    list(record({ etype: int32, salt: text, s2kparams: bytes }, ['salt', 's2kparams'])),
  ),
  row('PA-PAC-REQUEST', PaPacRequest, record({ includePac: fc.boolean() })),
  row('PA-PAC-OPTIONS', PaPacOptions, record({ flags: uint32 })),
  row('KERB-KEY-LIST-REQ', KeyListReq, list(int32)),
  row('KERB-KEY-LIST-REP', KeyListRep, list(key)),
];

describe.each(rows)('$title', ({ encode, decode, roundTrip }) => {
  it('is read as it was written', roundTrip);

  it('is refused in any other form than DER, cut short or with more behind it', () => {
    const encoded = Buffer.from(encode() ?? []);
    const refused = (bytes: Uint8Array) => expect(() => decode(bytes)).toThrow(KerberosError);
    const content = encoded.subarray(2 + ((encoded[1] ?? 0) < 0x80 ? 0 : (encoded[1] ?? 0) & 0x7f));
    const long = Buffer.alloc(4);
    long.writeUInt32BE(content.length);
    const tag = encoded.subarray(0, 1);
    decode(encoded);
    refused(Buffer.concat([encoded, Buffer.of(0)]));
    refused(Buffer.concat([tag, Buffer.of(0x84), long, content])); // not minimal
    refused(Buffer.concat([tag, Buffer.of(0x80), content, Buffer.of(0, 0)])); // indefinite
    refused(Buffer.concat([tag, Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff), content])); // four gigabytes
    refused(Buffer.concat([tag, Buffer.of(0x89), Buffer.alloc(9, 0xff), content]));
    refused(Buffer.concat([tag, Buffer.of(0xff), content]));
    for (let length = 0; length < encoded.length; length++) refused(encoded.subarray(0, length));
  });

  it('raises no other error than the library has, whatever is changed', () => {
    const encoded = Buffer.from(encode() ?? []);
    fc.assert(
      fc.property(fc.nat(encoded.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(encoded);
        changed[at] = byte;
        try {
          decode(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(KerberosError);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});

it('refuses an INTEGER that is empty, too long or not minimal', () => {
  for (const hex of [
    '30020200',
    '300302020001',
    '30040202ff80',
    '30080206010000000000',
    '300702050200000000',
  ])
    expect(() => decodeDer(KeyListReq, Buffer.from(hex, 'hex')), hex).toThrow(KerberosError);
  expect(decodeDer(KeyListReq, Buffer.from('3003020117', 'hex'))).toEqual([23]);
});

it('refuses to write a time that no KerberosTime can hold', () => {
  for (const patimestamp of [new Date(Number.NaN), new Date(8.64e15), new Date(-8.64e15)])
    expect(() => PaEncTsEnc.encode({ patimestamp })).toThrow(/does not fit/);
});
