/**
 * A security key for tests, over node:crypto: one ES256 credential, with every part of its answers open to be
 * made wrong (W3C WebAuthn sections 6.1 and 6.5.4).
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { Attester } from './attestation.ts';

export interface AssertionFaults {
  counter?: number;
  flags?: number;
  origin?: string;
  rpId?: string;
  type?: string;
  crossOrigin?: boolean;
  userHandle?: string;
  id?: string;
}

const FLAGS = { userPresent: 0x01, userVerified: 0x04, attested: 0x40 };
export const OTHER_AAGUID = '11111111-2222-4333-8444-555555555555';

/** What the tenant accepts (COSE -7, -8, -257). */
export type TestAlgorithm = 'ES256' | 'EdDSA' | 'RS256';
const KEY_PAIRS = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

export class TestKey {
  readonly id = randomBytes(32).toString('base64url');
  readonly #keys: { publicKey: KeyObject; privateKey: KeyObject };
  readonly #algorithm: TestAlgorithm;
  readonly #aaguid: string;
  #userHandle = '';
  #rpId = '';
  #origin = '';
  counter = 1;

  constructor(aaguid = OTHER_AAGUID, algorithm: TestAlgorithm = 'ES256') {
    this.#aaguid = aaguid;
    this.#algorithm = algorithm;
    this.#keys = KEY_PAIRS[algorithm]();
  }

  get publicKey() {
    return this.#keys.publicKey;
  }

  /** RegistrationResponseJSON; attestation "none" unless another is given. */
  create(
    options: { publicKey: { challenge: string; rp: { id?: string }; user: { id: string } }; origin: string },
    faults: {
      flags?: number;
      origin?: string;
      challenge?: string;
      transports?: string[];
      attest?: Attester;
    } = {},
  ) {
    this.#userHandle = options.publicKey.user.id;
    this.#rpId = options.publicKey.rp.id ?? '';
    this.#origin = options.origin;
    const clientData = {
      type: 'webauthn.create',
      challenge: faults.challenge ?? options.publicKey.challenge,
      origin: faults.origin ?? options.origin,
      crossOrigin: false,
    };
    const clientDataJson = Buffer.from(JSON.stringify(clientData));
    const flags = faults.flags ?? FLAGS.userPresent | FLAGS.userVerified | FLAGS.attested;
    const id = Buffer.from(this.id, 'base64url');
    const authData = Buffer.concat([
      this.#authenticatorData(this.#rpId, flags, this.counter),
      Buffer.from(this.#aaguid.replaceAll('-', ''), 'hex'),
      Buffer.from([id.length >> 8, id.length & 0xff]),
      id,
      this.#coseKey(),
    ]);
    const clientDataHash = createHash('sha256').update(clientDataJson).digest();
    const attest = faults.attest ?? (() => ({ fmt: 'none', statement: new Map() }));
    const { fmt, statement } = attest({ authData, clientDataHash, privateKey: this.#keys.privateKey });
    const members = new Map<string, unknown>([
      ['fmt', fmt],
      ['attStmt', statement],
      ['authData', Uint8Array.from(authData)],
    ]);
    // Text, numbers, bytes, arrays and maps: all of it is CBOR.
    const cbor = isoCBOR.encode(members as Parameters<typeof isoCBOR.encode>[0]);
    const attestationObject = Buffer.from(cbor);
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key' as const,
      response: {
        clientDataJSON: clientDataJson.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: faults.transports ?? ['usb'],
      },
    };
  }

  /** The five-member assertion over a challenge of 32 bytes. */
  assert(challenge: Uint8Array, faults: AssertionFaults = {}) {
    this.counter = faults.counter ?? this.counter + 1;
    const clientData = Buffer.from(
      JSON.stringify({
        type: faults.type ?? 'webauthn.get',
        challenge: Buffer.from(challenge).toString('base64url'),
        origin: faults.origin ?? this.#origin,
        crossOrigin: faults.crossOrigin ?? false,
      }),
    );
    const authenticatorData = this.#authenticatorData(
      faults.rpId ?? this.#rpId,
      faults.flags ?? FLAGS.userPresent | FLAGS.userVerified,
      this.counter,
    );
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
    return {
      id: faults.id ?? this.id,
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: sign(this.#algorithm === 'EdDSA' ? null : 'sha256', signed, this.#keys.privateKey).toString(
        'base64url',
      ),
      userHandle: faults.userHandle ?? this.#userHandle,
    };
  }

  #authenticatorData(rpId: string, flags: number, counter: number): Buffer {
    const tail = Buffer.alloc(5);
    tail.writeUInt8(flags, 0);
    tail.writeUInt32BE(counter, 1);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), tail]);
  }

  /**
   * {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}, {1: 1 (OKP), 3: -8, -1: 6 (Ed25519), -2: x}, or
   * {1: 3 (RSA), 3: -257, -1: n, -2: e}
   */
  #coseKey(): Buffer {
    const { x = '', y = '', n = '', e = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    if (this.#algorithm === 'EdDSA') {
      return Buffer.concat([Buffer.from('a4010103272006215820', 'hex'), Buffer.from(x, 'base64url')]);
    }
    if (this.#algorithm === 'RS256') {
      return Buffer.concat([
        Buffer.from('a401030339010020590100', 'hex'),
        Buffer.from(n, 'base64url'),
        Buffer.from('2143', 'hex'),
        Buffer.from(e, 'base64url'),
      ]);
    }
    return Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]);
  }
}
