/** The five members, their bounds, and the binding of a challenge to purpose and device. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assertionChallenge, parseAssertion } from './assertion.ts';
import { PrtError } from './errors.ts';

const good = {
  id: 'AQID',
  clientDataJSON: Buffer.from('{"type":"webauthn.get"}').toString('base64url'),
  authenticatorData: 'A'.repeat(50),
  signature: 'c2ln',
  userHandle: 'dXNlcg',
};

test('reads the five members and leaves others out', () => {
  expect(parseAssertion(JSON.stringify({ ...good, more: 1 }))).toEqual(good);
  expect(parseAssertion(JSON.stringify({ ...good, userHandle: '' })).userHandle).toBe('');
});

test('refuses what is missing, too long, not a string or not base64url', () => {
  for (const name of Object.keys(good)) {
    for (const value of [undefined, null, 5, ['AQID'], 'a'.repeat(9_000), 'AQ==', 'A+/A', 'AAAAA', 'é']) {
      const text = JSON.stringify({ ...good, [name]: value });
      expect(() => parseAssertion(text), `${name}=${value}`).toThrowError(
        expect.objectContaining({ code: 'malformed-assertion' }),
      );
    }
  }
  for (const text of ['', 'null', '[]', '"x"', '{', `${JSON.stringify(good)}${' '.repeat(20_000)}`]) {
    expect(() => parseAssertion(text)).toThrowError(PrtError);
  }
});

test('a compact JWS is told apart from an assertion', () => {
  expect(() => parseAssertion('eyJhbGciOiJSUzI1NiJ9.e30.AAAA')).toThrowError(PrtError);
});

test('whatever the text, it is an assertion or an error of ours', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => parseAssertion(text)).toThrowError(PrtError);
    }),
  );
});

test('the challenge follows its definition', () => {
  const deviceCertificate = Buffer.from('certificate');
  const thumbprint = createHash('sha256').update(deviceCertificate).digest();
  const expected = createHash('sha256')
    .update(Buffer.concat([Buffer.from('kennel prt fido2 v1'), Buffer.of(0), Buffer.from('n0'), thumbprint]))
    .digest();
  expect(assertionChallenge({ purpose: 'prt', nonce: 'n0', deviceCertificate })).toEqual(expected);
  expect(assertionChallenge({ purpose: 'registration', nonce: 'n0' })).toEqual(
    createHash('sha256').update('kennel registration fido2 v1\0n0').digest(),
  );
});

test('another purpose, nonce or device gives another challenge', () => {
  const a = Buffer.from('a');
  const challenges = [
    assertionChallenge({ purpose: 'prt', nonce: 'n', deviceCertificate: a }),
    assertionChallenge({ purpose: 'prt', nonce: 'm', deviceCertificate: a }),
    assertionChallenge({ purpose: 'prt', nonce: 'n', deviceCertificate: Buffer.from('b') }),
    assertionChallenge({ purpose: 'registration', nonce: 'n' }),
    Buffer.from('n'),
  ].map((bytes) => Buffer.from(bytes).toString('hex'));
  expect(new Set(challenges).size).toBe(challenges.length);
});
