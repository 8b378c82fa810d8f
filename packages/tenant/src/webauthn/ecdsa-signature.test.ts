/** Strict DER of ECDSA signatures, with OpenSSL's as the peer. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { isStrictEcdsaSignature } from './ecdsa-signature.ts';

test.each(['P-256', 'P-384', 'P-521'])(
  'signatures of %s are taken, and no other spelling of them',
  (namedCurve) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    for (let i = 0; i < 40; i++) {
      const signature = sign('sha256', Buffer.from([i]), privateKey);
      expect(isStrictEcdsaSignature(signature)).toBe(true);
      expect(isStrictEcdsaSignature(Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
      expect(isStrictEcdsaSignature(signature.subarray(0, -1))).toBe(false);
      for (const at of [0, 1, 2, 3]) {
        const changed = Buffer.from(signature);
        changed.writeUInt8((changed[at] ?? 0) ^ 0x80, at);
        expect(isStrictEcdsaSignature(changed), changed.toString('hex')).toBe(false);
      }
    }
  },
);

test.each([
  '',
  '30',
  '3000',
  '3006020100020101',
  '300702020001020101',
  '3006020181020101',
  '3081060201010201 01',
])('%s is none', (hex) => {
  expect(isStrictEcdsaSignature(Buffer.from(hex.replace(' ', ''), 'hex'))).toBe(false);
});
