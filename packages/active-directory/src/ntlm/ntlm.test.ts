/** NTLMv2 against [MS-NLMP] 4.2.4, and what is refused. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rc4 } from '../drsuapi/rc4.ts';
import { ASKED, decodeChallenge, encodeNegotiate, encodePairs, FLAGS } from './messages.ts';
import { ntlmv2Response, ntowfv2 } from './response.ts';
import { directionKey, NtlmDirection } from './sealing.ts';
import { ntlmSecurity } from './security.ts';

const given: Record<string, string> = JSON.parse(
  readFileSync(new URL('../../vectors/ms-nlmp/4.2.4.json', import.meta.url), 'utf8'),
);
const text = (name: string) => given[name] ?? '';
const bytes = (name: string) => Buffer.from(text(name), 'hex');
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

it('answers the challenge of the specification and comes to its keys', () => {
  const key = ntowfv2(text('password'), text('user'), text('domain'));
  expect(hex(key)).toBe(given.ntowfv2);
  const { lm, proof, sessionBaseKey } = ntlmv2Response(key, {
    serverChallenge: bytes('serverChallenge'),
    clientChallenge: bytes('clientChallenge'),
    time: Buffer.alloc(8),
    targetInfo: bytes('targetInfo').subarray(0, -4),
  });
  expect(hex(proof)).toBe(given.ntProof);
  expect(hex(lm)).toBe(given.lmChallengeResponse);
  expect(hex(sessionBaseKey)).toBe(given.sessionBaseKey);
  expect(hex(rc4(sessionBaseKey, bytes('randomSessionKey')))).toBe(given.encryptedRandomSessionKey);
});

it("seals and signs the specification's message, and opens what is sealed so", () => {
  const key = bytes('randomSessionKey');
  expect(hex(directionKey(key, 'client-to-server', 'sealing'))).toBe(given.sealKey);
  expect(hex(directionKey(key, 'client-to-server', 'signing'))).toBe(given.signKey);
  const none = new Uint8Array(0);
  const { body, signature } = new NtlmDirection(key, 'client-to-server').seal(bytes('plaintext'), none, none);
  expect(hex(body)).toBe(given.sealed);
  expect(hex(signature)).toBe(given.signature);
  const open = (sealed: Uint8Array, before: Uint8Array) =>
    new NtlmDirection(key, 'client-to-server').open(sealed, signature, before, none);
  expect(open(body, none)).toEqual(bytes('plaintext'));
  expect(open(body, Buffer.from('x'))).toBeUndefined();
  body[3] = (body[3] ?? 0) ^ 1;
  expect(open(body, none)).toBeUndefined();
});

function challenge(flags: number): Buffer {
  const info = encodePairs(new Map([[2, Buffer.from('CORP', 'utf16le')]]));
  const head = Buffer.alloc(48);
  head.write('NTLMSSP\0', 'latin1');
  head.writeUInt32LE(2, 8);
  head.writeUInt32LE(flags, 20);
  head.writeUInt16LE(info.length, 40);
  head.writeUInt32LE(48, 44);
  return Buffer.concat([head, info]);
}

it.each(['SEAL', 'SIGN', 'EXTENDED_SESSION_SECURITY', 'KEYS_OF_128_BITS', 'KEY_EXCHANGE'] as const)(
  'does not agree to less: without %s',
  (name) => {
    expect(() => decodeChallenge(challenge((ASKED & ~FLAGS[name]) >>> 0))).toThrow(
      expect.objectContaining({ code: 'ntlm-refused' }),
    );
  },
);

it('refuses a challenge that is cut, wherever, and a sealed call before there is one', () => {
  const whole = challenge(ASKED);
  expect(decodeChallenge(whole).pairs.get(2)?.toString('utf16le')).toBe('CORP');
  for (let length = 0; length < whole.length; length++)
    expect(() => decodeChallenge(whole.subarray(0, length)), String(length)).toThrow('NTLM');
  const security = ntlmSecurity({ user: 'u', domain: 'd', password: 'p' }, { now: new Date() });
  expect(security.first()).toEqual(encodeNegotiate());
  expect(() => security.sessionKey).toThrow('no NTLM challenge');
});
