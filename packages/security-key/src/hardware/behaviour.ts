/** What a hardware key must do, whichever tools drive it: the same tests for the stand-in and for the real ones. */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { expect, type TestAPI, vi } from 'vitest';
import { decodeCbor, Members } from '../cbor.ts';
import { parseAuthenticatorData } from '../client/authenticator-data.ts';
import { SOFTWARE_KEY_AAGUID } from '../registry.ts';
import type { SecurityKey } from '../security-key.ts';
import { failure, type useKeyHome } from '../software/testing.ts';
import { createCredentialJson, getAssertionJson } from '../webauthn-json.ts';
import { type HardwareKeyOptions, listHardwareKeys, openHardwareKey } from './hardware-key.ts';

const PIN = 'päß1';
const RP = 'kennel.test';
const ORIGIN = 'https://kennel.test';
const HASH = randomBytes(32);

const alice = {
  rpId: RP,
  userHandle: Buffer.from('alice'),
  userName: 'Alice (the first)',
  clientDataHash: HASH,
  algorithms: [-7],
  residentKey: true,
  pin: PIN,
};
const ask = { rpId: RP, clientDataHash: HASH, pin: PIN };

/** @param tools makes the tools see the keys at these paths; gives their directory */
export function behavesAsHardwareKey(
  it: TestAPI,
  { serve, paths }: ReturnType<typeof useKeyHome>,
  tools: (plugged: readonly string[]) => string,
): void {
  const open = async (options: HardwareKeyOptions = {}): Promise<SecurityKey> => {
    const { socketPath } = paths();
    return openHardwareKey(socketPath, { toolDirectory: tools([socketPath]), ...options });
  };

  it('is listed, and the only one is opened without its path', async () => {
    await serve();
    const { socketPath } = paths();
    const device = { path: socketPath, vendorId: 0, productId: 0, name: 'Kennel Software key' };
    expect(await listHardwareKeys({ toolDirectory: tools([socketPath]) })).toEqual([device]);
    const key = await openHardwareKey(undefined, { toolDirectory: tools([socketPath]) });
    expect(await key.info()).toMatchObject({
      aaguid: SOFTWARE_KEY_AAGUID,
      versions: ['FIDO_2_0', 'FIDO_2_1'],
      extensions: ['credProtect', 'hmac-secret'],
      options: { rk: true, plat: false, clientPin: false, alwaysUv: true },
      clientPinSet: false,
      pinProtocols: [2, 1],
      algorithms: [-7, -8],
      maxMsgSize: 7609,
      minPinLength: 4,
    });
    const two = tools([socketPath, '/dev/hidraw7']);
    await expect(openHardwareKey(undefined, { toolDirectory: two })).rejects.toEqual(
      failure('key-ambiguous', /hidraw7/),
    );
    await expect(openHardwareKey(undefined, { toolDirectory: tools([]) })).rejects.toEqual(
      failure('key-unreachable', /Plug one in/),
    );
  });

  it('is not there', async () => {
    const key = await open();
    await expect(key.info()).rejects.toEqual(failure('key-unreachable', /kennel key devices/));
    await expect(openHardwareKey('-R')).rejects.toEqual(failure('request-invalid'));
  });

  it('registers and signs what its public key verifies', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    const options = {
      rp: { id: RP, name: 'Kennel' },
      user: { id: 'YWxpY2U', name: 'alice', displayName: 'Alice' },
      challenge: 'Y2hhbGxlbmdl',
      pubKeyCredParams: [{ alg: -7, type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required' },
    };
    const made = await createCredentialJson(key, options, ORIGIN, PIN);
    const object = new Members(decodeCbor(Buffer.from(made.response.attestationObject, 'base64url')));
    const authData = Buffer.from(object.bytes('authData') ?? []);
    const publicKey = es256(authData);
    const clientDataHash = sha256(Buffer.from(made.response.clientDataJSON, 'base64url'));
    const statement = object.map('attStmt');
    expect([object.text('fmt'), statement?.integer('alg')]).toEqual(['packed', -7]);
    const signature = statement?.bytes('sig') ?? Buffer.alloc(0);
    expect(verify('sha256', Buffer.concat([authData, clientDataHash]), publicKey, signature)).toBe(true);

    const given = await getAssertionJson(key, { rpId: RP, challenge: 'bW9yZQ', origin: ORIGIN }, PIN);
    expect([given.id, given.userHandle]).toEqual([made.id, 'YWxpY2U']);
    const data = Buffer.from(given.authenticatorData, 'base64url');
    const hash = sha256(Buffer.from(given.clientDataJSON, 'base64url'));
    const signed = Buffer.concat([data, hash]);
    expect(verify('sha256', signed, publicKey, Buffer.from(given.signature, 'base64url'))).toBe(true);
    expect(data.readUInt8(32)).toBe(0x05);
  });

  it('does nothing more until its PIN is changed, once it was told so', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    await key.forcePinChange(PIN);
    expect(await key.info()).toMatchObject({ pinChangeNeeded: true });
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('pin-change-required', /change-pin/));
    await expect(key.changePin(PIN, PIN)).rejects.toEqual(failure('pin-policy-violation'));
    await key.changePin(PIN, '31415926');
    expect(await key.info()).toMatchObject({ pinChangeNeeded: false });
  });

  it('signs with Ed25519 where that comes first, and refuses what it does not know', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    const made = await key.makeCredential({ ...alice, algorithms: [-257, -8, -7] });
    const object = new Members(decodeCbor(made.attestationObject));
    expect(object.map('attStmt')?.integer('alg')).toBe(-8);
    await expect(key.makeCredential({ ...alice, algorithms: [-257] })).rejects.toEqual(
      failure('unsupported-algorithm'),
    );
  });

  it('finds one of several allowed credentials, refuses an excluded one, and knows no others', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    const plain = await key.makeCredential({ ...alice, residentKey: false });
    const other = randomBytes(32);
    const given = await key.getAssertion({ ...ask, allowCredentialIds: [other, plain.credentialId] });
    expect(given.credentialId).toEqual(plain.credentialId);
    expect(given.userHandle).toBeUndefined();
    await expect(key.getAssertion(ask)).rejects.toEqual(failure('no-credentials'));
    for (const allowCredentialIds of [[other], [other, randomBytes(32)]]) {
      await expect(key.getAssertion({ ...ask, allowCredentialIds })).rejects.toEqual(
        failure('no-credentials'),
      );
    }
    const again = { ...alice, excludeCredentialIds: [other, plain.credentialId] };
    await expect(key.makeCredential(again)).rejects.toEqual(failure('credential-excluded'));
    expect((await key.makeCredential({ ...alice, excludeCredentialIds: [other] })).hmacSecret).toBe(false);
  });

  it('gives hmac-secret only to credentials made with it', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    const salted = { ...ask, hmacSecretSalt: randomBytes(32) };
    await key.makeCredential(alice);
    expect((await key.getAssertion(salted)).hmacSecret).toBeUndefined();
    expect((await key.makeCredential({ ...alice, hmacSecret: true })).hmacSecret).toBe(true);
    const first = (await key.getAssertion(salted)).hmacSecret;
    expect(first).toHaveLength(32);
    expect((await key.getAssertion(salted)).hmacSecret).toEqual(first);
    const both = { ...ask, hmacSecretSalt: Buffer.concat([salted.hmacSecretSalt, randomBytes(32)]) };
    const two = (await key.getAssertion(both)).hmacSecret;
    expect(two).toHaveLength(64);
    expect(two?.subarray(0, 32)).toEqual(first);
    await expect(key.getAssertion({ ...ask, hmacSecretSalt: randomBytes(31) })).rejects.toEqual(
      failure('request-invalid'),
    );
  });

  it('lists and deletes what it keeps', async () => {
    await serve();
    const key = await open();
    await key.setPin(PIN);
    expect(await key.listCredentials(PIN)).toEqual([]);
    const one = await key.makeCredential(alice);
    const two = await key.makeCredential({ ...alice, rpId: 'other.test', userHandle: Buffer.from('bob') });
    expect((await key.listCredentials(PIN)).map(({ rpId, credentialId }) => [rpId, credentialId])).toEqual([
      [RP, one.credentialId],
      ['other.test', two.credentialId],
    ]);
    expect((await key.listCredentials(PIN)).map((each) => Buffer.from(each.userHandle).toString())).toEqual([
      'alice',
      'bob',
    ]);
    await key.deleteCredential(PIN, one.credentialId);
    expect(await key.listCredentials(PIN)).toHaveLength(1);
    await expect(key.deleteCredential(PIN, one.credentialId)).rejects.toEqual(failure('no-credentials'));
  });

  it('asks for its PIN, counts and explains', async () => {
    await serve();
    const key = await open();
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('pin-not-set', /set one first/));
    await expect(key.changePin('1111', '2222')).rejects.toEqual(failure('pin-not-set'));
    await expect(key.setPin('123')).rejects.toEqual(failure('pin-policy-violation', /at least 4/));
    await expect(key.setPin('x'.repeat(64))).rejects.toEqual(failure('pin-policy-violation'));
    await key.setPin(PIN);
    await expect(key.setPin(PIN)).rejects.toEqual(failure('pin-already-set', /change it/));
    await key.changePin(PIN, 'nai\u0308ve');
    await expect(key.getAssertion({ ...ask, pin: 'na\u00efve' })).rejects.toEqual(failure('no-credentials'));
    for (const pin of ['x', '12\n34', 'x'.repeat(64)]) {
      await expect(key.getAssertion({ ...ask, pin })).rejects.toEqual(failure('pin-invalid'));
    }
    expect(await key.pinRetries()).toEqual({ retries: 8, powerCycleNeeded: false });
    const wrong = () => key.getAssertion({ ...ask, pin: '0000' });
    await expect(wrong()).rejects.toEqual(failure('pin-invalid', /^Wrong PIN; 7 tries are left/));
    await expect(key.changePin('0000', '1111')).rejects.toEqual(failure('pin-invalid', /6 tries/));
    await expect(key.listCredentials('0000')).rejects.toEqual(failure('pin-auth-blocked', /put it in again/));
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('pin-auth-blocked'));
  });

  it('says when it waits for a touch, which may be declined', async () => {
    let touched = false;
    let allow: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      allow = resolve;
    });
    await serve({
      onTouch: async () => {
        await asked;
        return touched;
      },
    });
    const onTouchNeeded = vi.fn(() => allow());
    const key = await open({ onTouchNeeded });
    await key.setPin(PIN);
    expect(onTouchNeeded).not.toHaveBeenCalled();
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('touch-denied'));
    expect(onTouchNeeded).toHaveBeenCalledTimes(1);
    touched = true;
    await key.makeCredential(alice);
  });

  it('is let go of when the person cancels or the program closes it', async () => {
    await serve({ onTouch: () => new Promise(() => {}) });
    const stop = new AbortController();
    const key = await open({ signal: stop.signal, onTouchNeeded: () => stop.abort() });
    await key.setPin(PIN);
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('cancelled'));
    await expect(key.info()).rejects.toEqual(failure('cancelled'));
    const another = await open({ onTouchNeeded: () => another.close() });
    await expect(another.makeCredential(alice)).rejects.toEqual(failure('cancelled'));
  });
}

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();

function es256(authData: Buffer) {
  expect(parseAuthenticatorData(authData).credentialId).toHaveLength(32);
  const at = authData.indexOf(Buffer.from('a5010203262001215820', 'hex')); // the COSE key's head
  const [x, y] = [authData.subarray(at + 10, at + 42), authData.subarray(at + 45, at + 77)];
  const jwk = { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
