/** Assertions verified without a server: made by the software key, and changed in each of the parts that count. */
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { cborMap, decodeCbor, encodeCbor, Members } from './cbor.ts';
import { failure, useKeyHome } from './software/testing.ts';
import { verifyAssertionJson } from './verify-assertion.ts';
import { type AssertionJson, createCredentialJson, getAssertionAndSecret } from './webauthn-json.ts';

const at = useKeyHome();
const SITE = { rpId: 'kennel.example', origin: 'https://login.kennel.example' };
const PIN = '2580';
const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** WebAuthn section 6.1, by hand: flags, counter, nothing else. */
function assertionOf(
  privateKey: Parameters<typeof sign>[2],
  challenge: string,
  digest: string | null,
  flags = 0x05,
) {
  const clientData = Buffer.from(
    JSON.stringify({ type: 'webauthn.get', challenge, origin: SITE.origin, crossOrigin: false }),
  );
  const rpIdHash = createHash('sha256').update(SITE.rpId).digest();
  const data = Buffer.concat([rpIdHash, Buffer.of(flags, 0, 0, 0, 9)]);
  const signature = sign(
    digest,
    Buffer.concat([data, createHash('sha256').update(clientData).digest()]),
    privateKey as never, // one of node:crypto's KeyObjects
  );
  const made = {
    id: 'AQ',
    clientDataJSON: b64(clientData),
    authenticatorData: b64(data),
    signature: b64(signature),
  };
  return made satisfies AssertionJson;
}

test.each([
  ['ES256', -7],
  ['EdDSA', -8],
])('%s: what the key signed verifies, and nothing that was changed does', async (_name, alg) => {
  await at.serve();
  const key = await at.client();
  await key.setPin(PIN);
  const challenge = b64(randomBytes(32));
  const registration = await createCredentialJson(
    key,
    {
      rp: { id: SITE.rpId, name: 'Kennel' },
      user: { id: 'AQID', name: 'alice', displayName: 'Alice' },
      challenge,
      pubKeyCredParams: [{ alg, type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required' },
      extensions: { prf: {} },
    },
    SITE.origin,
    PIN,
  );
  expect(registration.clientExtensionResults).toEqual({ hmacCreateSecret: true });
  const object = Buffer.from(registration.response.attestationObject, 'base64url');
  // The COSE key stands between the credential id and the extensions, whose output is known.
  const authData = Buffer.from(new Members(decodeCbor(object)).bytes('authData') ?? []);
  const idLength = authData.readUInt16BE(53);
  const extensions = encodeCbor(cborMap([['hmac-secret', true]]));
  const publicKey = b64(authData.subarray(55 + idLength, authData.length - extensions.length));

  const salt = randomBytes(32);
  const asked = { ...SITE, challenge, allowCredentials: [{ id: registration.id }], secretSalt: salt };
  const { assertion, secret } = await getAssertionAndSecret(key, asked, PIN);
  const again = await getAssertionAndSecret(key, asked, PIN);
  expect(secret).toHaveLength(32);
  expect(again.secret).toEqual(secret);
  const expected = { id: registration.id, publicKey, ...SITE, challenge };
  expect(verifyAssertionJson(assertion, expected).counter).toBeGreaterThan(0);
  const wrong = [
    [assertion, { ...expected, id: 'AQ' }],
    [assertion, { ...expected, rpId: 'other.example' }],
    [assertion, { ...expected, origin: 'https://kennel.example' }],
    [assertion, { ...expected, challenge: b64(randomBytes(32)) }],
    [
      assertion,
      {
        ...expected,
        publicKey: b64(Buffer.from(publicKey, 'base64url').map((byte, at) => (at === 20 ? byte ^ 1 : byte))),
      },
    ],
    [assertion, { ...expected, publicKey: 'AQ' }],
    [{ ...assertion, signature: again.assertion.signature }, expected],
    [{ ...assertion, signature: 'AA' }, expected],
    [{ ...assertion, authenticatorData: again.assertion.authenticatorData }, expected],
    [{ ...assertion, authenticatorData: '' }, expected],
    [{ ...assertion, clientDataJSON: 'AA' }, expected],
  ] as const;
  for (const [changed, against] of wrong) {
    expect(() => verifyAssertionJson(changed, against)).toThrow(failure('assertion-invalid'));
  }
});

test('RS256 verifies; a key that did not verify its user, or was not touched, does not', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const bytes = (text: string) => Buffer.from(text, 'base64url');
  const cose = encodeCbor(
    new Map<number, number | Uint8Array>([
      [1, 3],
      [3, -257],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ]),
  );
  const challenge = b64(createHmac('sha256', 'x').digest());
  const expected = { id: 'AQ', publicKey: b64(cose), ...SITE, challenge };
  expect(verifyAssertionJson(assertionOf(privateKey, challenge, 'sha256'), expected)).toEqual({ counter: 9 });
  for (const flags of [0x01, 0x04, 0x00]) {
    const made = assertionOf(privateKey, challenge, 'sha256', flags);
    expect(() => verifyAssertionJson(made, expected)).toThrow(failure('assertion-invalid'));
  }
});
