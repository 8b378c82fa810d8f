/** The JSON around a key, with a key that only notes what it is asked for. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { GetAssertionRequest, MakeCredentialRequest, SecurityKey } from './security-key.ts';
import { createCredentialJson, getAssertionJson } from './webauthn-json.ts';

const sha256 = (base64url: string) =>
  createHash('sha256').update(Buffer.from(base64url, 'base64url')).digest();
const text = (base64url: string) => Buffer.from(base64url, 'base64url').toString();

function fakeKey() {
  const asked: { make?: MakeCredentialRequest; get?: GetAssertionRequest } = {};
  const unused = () => Promise.reject(new Error('not asked for here'));
  const key: SecurityKey = {
    info: unused,
    pinRetries: unused,
    setPin: unused,
    changePin: unused,
    forcePinChange: unused,
    listCredentials: unused,
    deleteCredential: unused,
    close: unused,
    async makeCredential(request) {
      asked.make = request;
      return { credentialId: Buffer.of(0xfb, 0xff), attestationObject: Buffer.of(2), hmacSecret: true };
    },
    async getAssertion(request) {
      asked.get = request;
      return {
        credentialId: Buffer.of(0xfb, 0xff),
        authenticatorData: Buffer.of(3),
        signature: Buffer.of(4),
        userHandle: Buffer.of(5),
      };
    },
  };
  return { key, asked };
}

const options = {
  rp: { id: 'kennel.test', name: 'Kennel' },
  user: { id: 'YWxpY2U', name: 'alice', displayName: 'Alice' },
  challenge: '-_-_',
  pubKeyCredParams: [
    { alg: -7, type: 'public-key' },
    { alg: -99, type: 'other' },
  ],
  excludeCredentials: [{ id: 'AAE', type: 'public-key' }],
  authenticatorSelection: { residentKey: 'required' },
};

it('registers as a browser does', async () => {
  const { key, asked } = fakeKey();
  const json = await createCredentialJson(key, options, 'https://id.kennel.test:8443', '2580');
  expect(text(json.response.clientDataJSON)).toBe(
    '{"type":"webauthn.create","challenge":"-_-_","origin":"https://id.kennel.test:8443","crossOrigin":false}',
  );
  expect(asked.make).toEqual({
    rpId: 'kennel.test',
    rpName: 'Kennel',
    userHandle: Buffer.from('alice'),
    userName: 'alice',
    userDisplayName: 'Alice',
    clientDataHash: sha256(json.response.clientDataJSON),
    algorithms: [-7],
    residentKey: true,
    pin: '2580',
    excludeCredentialIds: [Buffer.of(0, 1)],
    hmacSecret: false,
  });
  expect(json).toMatchObject({ id: '-_8', rawId: '-_8', response: { attestationObject: 'Ag' } });
});

it('signs in as a browser does', async () => {
  const { key, asked } = fakeKey();
  const ask = {
    rpId: 'localhost',
    challenge: 'AAAA',
    origin: 'http://localhost:80/',
    allowCredentials: [{ id: 'AAE' }],
  };
  const json = await getAssertionJson(key, ask, '2580');
  expect(text(json.clientDataJSON)).toBe(
    '{"type":"webauthn.get","challenge":"AAAA","origin":"http://localhost","crossOrigin":false}',
  );
  expect(asked.get).toMatchObject({ rpId: 'localhost', clientDataHash: sha256(json.clientDataJSON) });
  expect(asked.get?.allowCredentialIds).toEqual([Buffer.of(0, 1)]);
  expect(json).toMatchObject({ id: '-_8', authenticatorData: 'Aw', signature: 'BA', userHandle: 'BQ' });
});

it.each([
  ['https://kennel.test.evil.example', 'kennel.test', 'AAAA', 'rp-id-mismatch'],
  ['https://notkennel.test', 'kennel.test', 'AAAA', 'rp-id-mismatch'],
  ['https://kennel.test', 'id.kennel.test', 'AAAA', 'rp-id-mismatch'],
  ['http://kennel.test', 'kennel.test', 'AAAA', 'origin-invalid'],
  ['kennel.test', 'kennel.test', 'AAAA', 'origin-invalid'],
  ['https://kennel.test', 'kennel.test', 'AA+A', 'request-invalid'],
  ['https://kennel.test', 'kennel.test', '', 'request-invalid'],
])('refuses origin %s for RP ID %s with challenge "%s": %s', async (origin, rpId, challenge, code) => {
  const { key, asked } = fakeKey();
  await expect(getAssertionJson(key, { rpId, challenge, origin }, '2580')).rejects.toMatchObject({ code });
  expect(asked.get).toBeUndefined();
});
