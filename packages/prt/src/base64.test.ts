/** Base64 as clients send it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts';

test('reads both alphabets, padded or not', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const standard = encodeBase64(bytes);
      const padding = standard.slice(standard.replace(/=+$/, '').length);
      const forms = [
        standard,
        standard.replace(/=+$/, ''),
        encodeBase64Url(bytes),
        encodeBase64Url(bytes) + padding,
      ];
      for (const form of forms)
        expect(Buffer.from(decodeBase64(form, bytes.length)).equals(bytes)).toBe(true);
    }),
  );
});

test.each(['A', 'AAAAA', 'AA=', 'A===', 'AA==AA==', 'AA AA', 'AAA\n', 'é', '===='])('refuses %j', (text) => {
  expect(() => decodeBase64(text, 100)).toThrowError(expect.objectContaining({ code: 'malformed-base64' }));
});

test('holds to the bound', () => {
  expect(decodeBase64('AAAA', 3)).toHaveLength(3);
  expect(() => decodeBase64('AAAA', 2)).toThrow();
  expect(() => decodeBase64('AAAAAAAA', 3)).toThrow();
});
