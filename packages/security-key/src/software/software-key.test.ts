/** The software key and our own client, over a real socket: sign-in, the PIN, the touch. */
import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { OnTouch } from './connection.ts';
import { failure, useKeyHome } from './testing.ts';

const PIN = '2580';
const RP = 'kennel.test';
const HASH = randomBytes(32);
const { paths, serve, client } = useKeyHome();

const alice = {
  rpId: RP,
  userHandle: Buffer.from('alice'),
  userName: 'alice',
  clientDataHash: HASH,
  algorithms: [-7],
  residentKey: true,
  pin: PIN,
};

describe('sign-in', () => {
  it('signs what the credential’s public key verifies, with UP, UV and a rising counter', async () => {
    await serve();
    const key = await client();
    await key.setPin(PIN);
    const made = await key.makeCredential(alice);
    const object = Buffer.from(made.attestationObject);
    const at = object.indexOf(Buffer.from('a5010203262001215820', 'hex')); // the COSE key's head
    const publicKey = createPublicKey({
      key: {
        kty: 'EC',
        crv: 'P-256',
        x: object.subarray(at + 10, at + 42).toString('base64url'),
        y: object.subarray(at + 45, at + 77).toString('base64url'),
      },
      format: 'jwk',
    });
    let last = 0;
    for (const allowCredentialIds of [undefined, [made.credentialId], []]) {
      const given = await key.getAssertion({
        rpId: RP,
        clientDataHash: HASH,
        pin: PIN,
        ...(allowCredentialIds ? { allowCredentialIds } : {}),
      });
      const data = Buffer.from(given.authenticatorData);
      expect(verify('sha256', Buffer.concat([data, HASH]), publicKey, given.signature)).toBe(true);
      expect(data.readUInt8(32)).toBe(0x05);
      expect(data.readUInt32BE(33)).toBeGreaterThan(last);
      expect(given.credentialId).toEqual(made.credentialId);
      expect(given.userHandle).toEqual(Uint8Array.from(Buffer.from('alice')));
      last = data.readUInt32BE(33);
    }
  });

  it('does not find a credential that is not resident without its id', async () => {
    await serve();
    const key = await client();
    await key.setPin(PIN);
    const { credentialId } = await key.makeCredential({ ...alice, residentKey: false });
    const ask = { rpId: RP, clientDataHash: HASH, pin: PIN };
    await expect(key.getAssertion(ask)).rejects.toEqual(failure('no-credentials'));
    const given = await key.getAssertion({ ...ask, allowCredentialIds: [credentialId] });
    expect(given.userHandle).toBeUndefined();
    await expect(
      key.getAssertion({ ...ask, rpId: 'other.test', allowCredentialIds: [credentialId] }),
    ).rejects.toEqual(failure('no-credentials'));
  });

  it('replaces an account’s resident credential, and refuses an excluded one', async () => {
    await serve();
    const key = await client();
    await key.setPin(PIN);
    const old = await key.makeCredential(alice);
    const renewed = await key.makeCredential(alice);
    const ask = { rpId: RP, clientDataHash: HASH, pin: PIN };
    await expect(key.getAssertion({ ...ask, allowCredentialIds: [old.credentialId] })).rejects.toEqual(
      failure('no-credentials'),
    );
    await expect(
      key.makeCredential({ ...alice, excludeCredentialIds: [renewed.credentialId] }),
    ).rejects.toEqual(failure('credential-excluded'));
    await expect(key.makeCredential({ ...alice, algorithms: [-257] })).rejects.toEqual(
      failure('unsupported-algorithm'),
    );
  });

  it('gives hmac-secret only to credentials made with it', async () => {
    await serve();
    const key = await client();
    await key.setPin(PIN);
    const ask = { rpId: RP, clientDataHash: HASH, pin: PIN, hmacSecretSalt: randomBytes(32) };
    expect((await key.makeCredential(alice)).hmacSecret).toBe(false);
    expect((await key.getAssertion(ask)).hmacSecret).toBeUndefined();
    expect((await key.makeCredential({ ...alice, hmacSecret: true })).hmacSecret).toBe(true);
    const first = (await key.getAssertion(ask)).hmacSecret;
    expect(first).toHaveLength(32);
    expect((await key.getAssertion(ask)).hmacSecret).toEqual(first);
    const other = await key.getAssertion({ ...ask, hmacSecretSalt: randomBytes(32) });
    expect(other.hmacSecret).not.toEqual(first);
    await expect(key.getAssertion({ ...ask, hmacSecretSalt: randomBytes(31) })).rejects.toEqual(
      failure('request-invalid'),
    );
  });

  it('serves clients at the same time, each with its own token', async () => {
    await serve();
    const one = await client();
    await one.setPin(PIN);
    await one.makeCredential(alice);
    const keys = [one, await client(), await client()];
    const ask = { rpId: RP, clientDataHash: HASH, pin: PIN };
    const all = await Promise.all([...keys, ...keys].map((key) => key.getAssertion(ask)));
    const counters = all.map((given) => Buffer.from(given.authenticatorData).readUInt32BE(33));
    expect(new Set(counters).size).toBe(6);
  });
});

describe('the PIN', () => {
  it('is asked for, counted and explained', async () => {
    await serve();
    const key = await client();
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('pin-not-set', /set one first/));
    await expect(key.setPin('123')).rejects.toEqual(failure('pin-policy-violation', /at least 4/));
    await expect(key.setPin('x'.repeat(64))).rejects.toEqual(failure('pin-policy-violation'));
    await key.setPin(PIN);
    await expect(key.setPin(PIN)).rejects.toEqual(failure('pin-already-set', /change it/));
    expect(await key.pinRetries()).toEqual({ retries: 8, powerCycleNeeded: false });
    const wrong = () => key.getAssertion({ rpId: RP, clientDataHash: HASH, pin: '0000' });
    await expect(wrong()).rejects.toEqual(failure('pin-invalid', /^Wrong PIN; 7 tries are left/));
    await expect(key.changePin('0000', '1111')).rejects.toEqual(failure('pin-invalid', /6 tries/));
    await expect(wrong()).rejects.toEqual(failure('pin-auth-blocked', /put it in again/));
    expect(await key.pinRetries()).toEqual({ retries: 5, powerCycleNeeded: true });
    await expect(key.changePin(PIN, '1111')).rejects.toEqual(failure('pin-auth-blocked'));
  });

  it('is the same PIN in any Unicode form', async () => {
    await serve();
    const key = await client();
    await key.setPin('nai\u0308ve');
    await key.changePin('na\u00efve', PIN);
    await expect(key.changePin('nai\u0308ve', PIN)).rejects.toEqual(failure('pin-invalid'));
  });

  it('opens nothing before it was given in this process, and nothing of it is in the file', async () => {
    const first = await serve();
    const key = await client();
    await key.setPin('correct horse');
    await key.makeCredential({ ...alice, pin: 'correct horse' });
    await key.close();
    await first.close();
    const text = readFileSync(paths().statePath, 'utf8');
    expect(text).not.toMatch(/correct|horse/);
    // PKCS#8 and its base64 forms would show the P-256 OID.
    const oid = Buffer.from('06082a8648ce3d030107', 'hex');
    for (const word of text.match(/[A-Za-z0-9_-]{20,}/g) ?? []) {
      expect(Buffer.from(word, 'base64url').includes(oid)).toBe(false);
    }
    await serve();
    const again = await client();
    const ask = { rpId: RP, clientDataHash: HASH };
    await expect(again.getAssertion({ ...ask, pin: 'wrong' })).rejects.toEqual(failure('pin-invalid'));
    expect((await again.getAssertion({ ...ask, pin: 'correct horse' })).signature).toBeDefined();
  });
});

describe('the touch', () => {
  const withTouch = async (onTouch: OnTouch, onTouchNeeded = () => {}) => {
    await serve({ onTouch });
    const key = await client({ onTouchNeeded });
    await key.setPin(PIN);
    return key;
  };

  it('is announced to the client and tells the person what for', async () => {
    const asked: unknown[] = [];
    const announced = vi.fn();
    const key = await withTouch(async (request) => asked.push(request) > 0, announced);
    await key.makeCredential(alice);
    expect(asked).toEqual([{ operation: 'make-credential', rpId: RP, userName: 'alice' }]);
    expect(announced).toHaveBeenCalledTimes(1);
  });

  it('may be declined', async () => {
    const key = await withTouch(async () => false);
    await expect(key.makeCredential(alice)).rejects.toEqual(failure('touch-denied'));
  });

  it('is not waited for when its client has gone', async () => {
    let aborted: () => void = () => {};
    const wasAborted = new Promise<void>((resolve) => {
      aborted = resolve;
    });
    let asked: () => void = () => {};
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const key = await withTouch((_request, signal) => {
      signal.addEventListener('abort', aborted);
      asked();
      return new Promise(() => {});
    });
    const made = key.makeCredential(alice).catch((error: unknown) => error);
    await wasAsked;
    await key.close();
    expect(await made).toEqual(failure('key-unreachable'));
    await wasAborted;
    expect(await (await client()).pinRetries()).toMatchObject({ retries: 8 }); // the queue went on
  });
});
