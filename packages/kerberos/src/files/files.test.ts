/** ccache and keytab files: read as written, and never more than an error of the library, however they are damaged. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Key } from '../crypto/key.ts';
import { KerberosError } from '../errors.ts';
import { krbtgt, principal } from '../messages/common.ts';
import { decodeCcache, encodeCcache } from './ccache.ts';
import { decodeKeytab, encodeKeytab } from './keytab.ts';

const realm = 'CORP.EXAMPLE.COM';
const client = { realm, name: principal('alice') };
const time = new Date(1_800_000_000_000);
const credentials = {
  client,
  server: { realm, name: krbtgt(realm) },
  key: new Key(18, Buffer.alloc(32, 5)),
  ticket: {
    tktVno: 5,
    realm,
    sname: krbtgt(realm),
    encPart: { etype: 18, kvno: -1, cipher: Buffer.alloc(90, 6) },
  },
  flags: 0x40e00000,
  authtime: time,
  starttime: time,
  endtime: new Date(time.getTime() + 36_000_000),
};
const ccache = { principal: client, credentials: [credentials, credentials], kdcTimeOffset: -1_500 };
const keytab = [1, 300, (40_000 << 16) | 7].map((kvno) => ({
  realm,
  name: principal('krbtgt_40000'),
  timestamp: time,
  kvno,
  etype: 18,
  key: Buffer.alloc(32, kvno & 0xff),
}));

const damaged = (bytes: Buffer) =>
  fc.oneof(
    fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
    fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      return changed;
    }),
    fc
      .tuple(fc.nat(bytes.length - 4), fc.constantFrom(0xffffffff, 0x7fffffff, 0x80000000, 0x00010000))
      .map(([at, value]) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt32BE(value, at);
        return changed;
      }),
  );

describe.each([
  ['ccache', encodeCcache(ccache), ccache, decodeCcache],
  ['keytab', encodeKeytab(keytab), keytab, decodeKeytab],
] as const)('a %s', (_, bytes, value, decode) => {
  it('is read as it was written', () => {
    expect(decode(bytes)).toEqual(value);
  });

  it('raises no other error than the library has, wherever it is damaged', () => {
    fc.assert(
      fc.property(damaged(bytes), (changed) => {
        try {
          decode(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(KerberosError);
        }
      }),
      { seed: 5, numRuns: 5000 },
    );
  });
});

it('an empty keytab and one whose keys were all deleted say how to export one', () => {
  expect(() => decodeKeytab(new Uint8Array(0))).toThrow(/exportkeytab/);
  expect(() => decodeKeytab(Buffer.from('0502fffffff800000000000000000000', 'hex'))).toThrow(/exportkeytab/);
});
