/** Sealed values open where they were sealed, and nowhere else. */
import { createSecretKey, randomBytes, webcrypto } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MasterKey, open, reseal, seal, sealedUnder } from './index.ts';

const bytes = randomBytes(32);
const master: MasterKey = { id: '0011223344556677', key: createSecretKey(bytes) };
const other: MasterKey = { id: '8899aabbccddeeff', key: createSecretKey(randomBytes(32)) };
const label = { purpose: 'krbtgt-key', row: 'corp.example.com/1' };
const text = (value: Uint8Array) => Buffer.from(value).toString();

test('what is sealed opens to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.string(), (value, purpose, row) => {
      const opened = open(master, { purpose, row }, seal(master, { purpose, row }, value));
      expect(Buffer.from(opened).equals(value)).toBe(true);
    }),
  );
});

test('two seals of a value differ and neither shows it', () => {
  const first = Buffer.from(seal(master, label, Buffer.from('a secret of the realm')));
  const second = Buffer.from(seal(master, label, Buffer.from('a secret of the realm')));
  expect(first.equals(second)).toBe(false);
  expect(first.includes('secret')).toBe(false);
});

test('WebCrypto, given the written format, opens it', async () => {
  const sealed = seal(master, label, Buffer.from('value'));
  const length = (n: number) => Buffer.from([0, 0, 0, n]);
  const additionalData = Buffer.concat([
    sealed.subarray(0, 9),
    length(10),
    Buffer.from('krbtgt-key'),
    length(18),
    Buffer.from('corp.example.com/1'),
  ]);
  const key = await webcrypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['decrypt']);
  const iv = Buffer.from(sealed.subarray(9, 21));
  const opened = await webcrypto.subtle.decrypt(
    { name: 'AES-GCM', iv, additionalData },
    key,
    Buffer.from(sealed.subarray(21)),
  );
  expect(Buffer.from(opened).toString()).toBe('value');
});

test.each([
  ['another purpose', { ...label, purpose: 'session-key' }],
  ['another row', { ...label, row: 'corp.example.com/2' }],
  ['the border between purpose and row moved', { purpose: 'krbtgt-keyc', row: 'orp.example.com/1' }],
])('a value moved to %s does not open', (_name, moved) => {
  const sealed = seal(master, label, Buffer.from('value'));
  expect(() => open(master, moved, sealed)).toThrowError(
    expect.objectContaining({ code: 'sealed-value-altered' }),
  );
});

test('each changed bit and each truncation is refused', () => {
  const sealed = seal(master, label, Buffer.from('value'));
  for (let i = 0; i < sealed.length; i++) {
    const changed = Uint8Array.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => open(master, label, changed)).toThrowError(
      expect.objectContaining({ name: 'SecretsError' }),
    );
    expect(() => open(master, label, sealed.subarray(0, i))).toThrowError(
      expect.objectContaining({ name: 'SecretsError' }),
    );
  }
});

test('a wrong master key is named, not mistaken for damage', () => {
  const sealed = seal(master, label, Buffer.from('value'));
  expect(sealedUnder(sealed)).toBe(master.id);
  expect(() => open(other, label, sealed)).toThrowError(
    expect.objectContaining({ code: 'master-key-wrong', message: expect.stringContaining(master.id) }),
  );
});

test('reseal moves a value under a new master key', () => {
  const moved = reseal(master, other, label, seal(master, label, Buffer.from('value')));
  expect(text(open(other, label, moved))).toBe('value');
  expect(() => open(master, label, moved)).toThrowError(
    expect.objectContaining({ code: 'master-key-wrong' }),
  );
});
