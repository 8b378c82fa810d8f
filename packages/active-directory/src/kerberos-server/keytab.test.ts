/** Keytabs as `samba-tool domain exportkeytab` writes them, good and bad. */
import { encodeKeytab, joinKvno, type KeytabEntry } from '@kennel/kerberos';
import { expect, it } from 'vitest';
import { kerberosServerKey } from './keytab.ts';

const entry = (kvno: number, etype = 18, fill = 1): KeytabEntry => ({
  realm: 'CORP.EXAMPLE.COM',
  name: { nameType: 1, nameString: ['krbtgt_40000'] },
  timestamp: new Date(0),
  kvno,
  etype,
  key: new Uint8Array(etype === 18 ? 32 : 16).fill(fill),
});

it('reads number and version from the newest kvno, negative ones too', () => {
  const keytab = encodeKeytab([
    entry(joinKvno(40_000, 2)),
    entry(joinKvno(40_000, 3), 18, 7),
    entry(joinKvno(40_000, 4), 23),
  ]);
  expect(kerberosServerKey(keytab)).toEqual({
    realm: 'CORP.EXAMPLE.COM',
    krbtgtNumber: 40_000,
    keyVersion: 3,
    etype: 18,
    key: Buffer.alloc(32, 7),
  });
});

it.each([
  ['an empty file', Buffer.alloc(0), 'keytab-empty'],
  ['a keytab without entries', Buffer.from('0502', 'hex'), 'keytab-empty'],
  ['something else', Buffer.from('not a keytab'), 'keytab-malformed'],
  ['an account that is no Kerberos server', encodeKeytab([entry(3)]), 'value-out-of-range'],
  ['a key version zero', encodeKeytab([entry(joinKvno(5, 0))]), 'value-out-of-range'],
  ['no AES-256 key', encodeKeytab([entry(joinKvno(5, 1), 23)]), 'etype-unsupported'],
])('refuses %s', (_, keytab, code) => {
  expect(() => kerberosServerKey(keytab)).toThrow(expect.objectContaining({ code }));
});
