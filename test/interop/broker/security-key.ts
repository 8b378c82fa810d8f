/** A security key in software: ES256, resident, attestation "none" (WebAuthn sections 6.1 and 6.5). */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest();

/** CBOR (RFC 8949), of what an attestation needs: integers, byte and text strings, maps in the order given. */
function cbor(value: number | string | Uint8Array | Map<number | string, unknown>): Buffer {
  const head = (major: number, n: number) =>
    n < 24
      ? Buffer.from([(major << 5) | n])
      : n < 256
        ? Buffer.from([(major << 5) | 24, n])
        : Buffer.from([(major << 5) | 25, n >> 8, n & 0xff]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const members = [...value].map(([k, v]) => Buffer.concat([cbor(k), cbor(v as Parameters<typeof cbor>[0])]));
  return Buffer.concat([head(5, value.size), ...members]);
}

export class SecurityKey {
  readonly id = randomBytes(32);
  readonly #rpId: string;
  readonly #origin: string;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #counter = 0;
  #userHandle = '';

  constructor(rpId: string, origin: string) {
    this.#rpId = rpId;
    this.#origin = origin;
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }));
  }

  /** Flags: user present, user verified, and attested data where there is some. */
  #authenticatorData(attested?: Buffer): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(++this.#counter);
    const flags = Buffer.from([0x05 | (attested ? 0x40 : 0)]);
    return Buffer.concat([sha256(this.#rpId), flags, counter, attested ?? Buffer.alloc(0)]);
  }

  /** @param publicKey creation options, their binary values base64url */
  create(publicKey: { challenge: string; user: { id: string }; rp: { id?: string } }) {
    if (publicKey.rp.id !== this.#rpId) throw new Error(`for ${publicKey.rp.id}`);
    this.#userHandle = publicKey.user.id;
    const { x = '', y = '' } = (this.#keys.publicKey as KeyObject).export({ format: 'jwk' });
    const cose = new Map<number, number | Buffer>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    const length = Buffer.from([this.id.length >> 8, this.id.length & 0xff]);
    const authData = this.#authenticatorData(Buffer.concat([Buffer.alloc(16), length, this.id, cbor(cose)]));
    const attestation = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return {
      id: this.id.toString('base64url'),
      response: {
        clientDataJSON: this.#clientData('webauthn.create', publicKey.challenge).toString('base64url'),
        attestationObject: cbor(attestation).toString('base64url'),
      },
      clientExtensionResults: {},
    };
  }

  /** The five members, as the JSON text that goes over the wire. @param challenge its octets */
  assert(challenge: Uint8Array): string {
    const clientData = this.#clientData('webauthn.get', Buffer.from(challenge).toString('base64url'));
    const authenticatorData = this.#authenticatorData();
    const signature = sign(
      'sha256',
      Buffer.concat([authenticatorData, sha256(clientData)]),
      this.#keys.privateKey,
    );
    return JSON.stringify({
      id: this.id.toString('base64url'),
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: this.#userHandle,
    });
  }
}
