/** The PIN protocols' parts against published vectors, and both protocols against their own rules. */
import { createPrivateKey, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import hmac from '../vectors/rfc4231/hmac-sha256.json' with { type: 'json' };
import ecp from '../vectors/rfc5903/section-8.1.json' with { type: 'json' };
import cbc from '../vectors/sp800-38a/cbc-aes256.json' with { type: 'json' };
import { CtapError, cborMap, Members } from './cbor.ts';
import { agree } from './cose.ts';
import { type PinProtocol, pinHash, pinProtocol, verifyMac } from './pin-protocol.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const url = (text: string) => hex(text).toString('base64url');
function known(number: number): PinProtocol {
  const protocol = pinProtocol(number);
  if (protocol === undefined) throw new Error(`no protocol ${number}`);
  return protocol;
}
const one = known(1);
const two = known(2);
const peer = (x: string, y: string, crv = 1) =>
  new Members(
    cborMap([
      [1, 2],
      [-1, crv],
      [-2, hex(x)],
      [-3, hex(y)],
    ]),
  );

describe('key agreement', () => {
  const privateKey = createPrivateKey({
    key: { kty: 'EC', crv: 'P-256', d: url(ecp.i), x: url(ecp.gix), y: url(ecp.giy) },
    format: 'jwk',
  });
  it('gives the x-coordinate of RFC 5903', () =>
    expect(Buffer.from(agree(privateKey, peer(ecp.grx, ecp.gry))).toString('hex')).toBe(ecp.girx));
  it.each([
    ['a point off the curve', peer(ecp.grx, ecp.gix)],
    ['zero', peer('00'.repeat(32), '00'.repeat(32))],
    ['another curve', peer(ecp.grx, ecp.gry, 2)],
    ['a short coordinate', peer(ecp.grx.slice(2), ecp.gry)],
    ['nothing', new Members(new Map())],
  ])('refuses %s', (_what, key) => expect(() => agree(privateKey, key)).toThrow(CtapError));
});

describe('encryption', () => {
  it('two is AES-256-CBC with the IV in front (SP 800-38A)', () => {
    const secret = Buffer.concat([Buffer.alloc(32), hex(cbc.key)]);
    const plain = two.decrypt(secret, hex(cbc.iv + cbc.ciphertext));
    expect(Buffer.from(plain ?? '').toString('hex')).toBe(cbc.plaintext);
    const again = two.encrypt(secret, hex(cbc.plaintext));
    expect(again.length).toBe(16 + 64);
    expect(two.encrypt(secret, hex(cbc.plaintext))).not.toEqual(again);
    expect(two.decrypt(secret, again)).toEqual(hex(cbc.plaintext));
  });
  it('one is the same with a zero IV', () => {
    const first = one.decrypt(hex(cbc.key), hex(cbc.ciphertext.slice(0, 32)));
    const iv = hex(cbc.iv); // CBC: plaintext = D(ciphertext) xor IV
    const plain = Buffer.from(iv.map((byte, i) => byte ^ (first?.[i] ?? 0)));
    expect(plain.toString('hex')).toBe(cbc.plaintext.slice(0, 32));
    expect(one.decrypt(hex(cbc.key), one.encrypt(hex(cbc.key), hex(cbc.plaintext)))).toEqual(
      hex(cbc.plaintext),
    );
  });
  it.each([0, 1, 15, 17, 31])('neither decrypts %i bytes', (length) => {
    expect(one.decrypt(Buffer.alloc(32), Buffer.alloc(length))).toBeUndefined();
    expect(two.decrypt(Buffer.alloc(64), Buffer.alloc(length))).toBeUndefined();
  });
  it('two wants a block beside the IV', () =>
    expect(two.decrypt(Buffer.alloc(64), Buffer.alloc(16))).toBeUndefined());
});

describe('authentication', () => {
  it('two is HMAC-SHA-256 (RFC 4231)', () => {
    for (const { key, data, mac } of hmac.full) {
      expect(Buffer.from(two.authenticate(hex(key), hex(data))).toString('hex')).toBe(mac);
    }
  });
  it('one is its first 16 bytes (RFC 4231)', () => {
    const { key, data, mac } = hmac.truncated;
    expect(Buffer.from(one.authenticate(hex(key), hex(data))).toString('hex')).toBe(mac);
  });
  it('takes the whole MAC and nothing else', () => {
    for (const protocol of [one, two]) {
      const key = Buffer.alloc(64, 1);
      const mac = protocol.authenticate(key, Buffer.from('message'));
      expect(verifyMac(protocol, key, Buffer.from('message'), mac)).toBe(true);
      expect(verifyMac(protocol, key, Buffer.from('massage'), mac)).toBe(false);
      expect(verifyMac(protocol, key, Buffer.from('message'), mac.subarray(0, 8))).toBe(false);
      expect(verifyMac(protocol, key, Buffer.from('message'), Buffer.alloc(0))).toBe(false);
    }
  });
});

it('two derives separate HMAC and AES keys; one hashes', () => {
  const z = Buffer.alloc(32, 9);
  const derived = Buffer.from(two.kdf(z));
  const expected = (info: string) => Buffer.from(hkdfSync('sha256', z, Buffer.alloc(32), info, 32));
  expect(derived.subarray(0, 32)).toEqual(expected('CTAP2 HMAC key'));
  expect(derived.subarray(32)).toEqual(expected('CTAP2 AES key'));
  expect(one.kdf(Buffer.from('abc'))).toEqual(
    hex('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'), // FIPS 180, "abc"
  );
  expect(Buffer.from(pinHash(Buffer.from('abc'))).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223');
  expect(pinProtocol(3)).toBeUndefined();
});
