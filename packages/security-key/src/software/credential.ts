/** Credentials of the software key: made, sealed, opened, and what they sign (WebAuthn level 2, section 6.1). */
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import type { CborMap } from '../cbor.ts';
import { cborMap, encodeCbor, type Members, need } from '../cbor.ts';
import { FLAG, LIMIT } from '../registry.ts';
import { AAGUID_BYTES } from './get-info.ts';
import type { StateFile, StoredCredential } from './state.ts';
import type { Vault } from './vault.ts';

const CRED_RANDOM = 32;

/** A credential's secrets: the signing key, and CredRandomWithUV of hmac-secret (32 bytes). */
export interface CredentialSecrets {
  readonly privateKey: KeyObject;
  readonly credRandom: Uint8Array;
}

/** The secrets are sealed to the credential's id and RP, so that the file cannot move them to another site. */
function sealContext(credential: Pick<StoredCredential, 'id' | 'rpId'>): Uint8Array {
  return Buffer.from(`kennel software key: credential v1\0${credential.id}\0${credential.rpId}`);
}

export function sealSecrets(
  vault: Vault,
  credential: Pick<StoredCredential, 'id' | 'rpId'>,
  secrets: CredentialSecrets,
) {
  const der = secrets.privateKey.export({ format: 'der', type: 'pkcs8' });
  const plain = Buffer.concat([secrets.credRandom, der]);
  const sealed = vault.seal(plain, sealContext(credential));
  der.fill(0);
  plain.fill(0);
  return sealed;
}

export function openSecrets(vault: Vault, credential: StoredCredential): CredentialSecrets {
  const plain = vault.unseal(credential.sealed, sealContext(credential));
  const key = plain.subarray(CRED_RANDOM);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  const credRandom = Uint8Array.from(plain.subarray(0, CRED_RANDOM));
  plain.fill(0);
  return { privateKey, credRandom };
}

/** The next value of the one signature counter, durable before it is used. */
export function nextCounter(state: StateFile): number {
  const signatureCounter = state.current.signatureCounter + 1;
  state.update({ signatureCounter });
  return signatureCounter;
}

/** Authenticator data; `credential` adds the attested credential data, `extensions` the extension outputs. */
export function authenticatorData(o: {
  readonly rpId: string;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly counter: number;
  readonly credential?: Pick<StoredCredential, 'id' | 'publicKey'>;
  readonly extensions?: CborMap;
}): Uint8Array {
  const extensions = o.extensions?.size ? encodeCbor(o.extensions) : new Uint8Array();
  const flags =
    (o.userPresent ? FLAG.UP : 0) |
    (o.userVerified ? FLAG.UV : 0) |
    (o.credential ? FLAG.ATTESTED : 0) |
    (extensions.length > 0 ? FLAG.EXTENSIONS : 0);
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(o.counter, 1);
  return Buffer.concat([rpIdHash(o.rpId), head, attested(o.credential), extensions]);
}

function attested(credential: Pick<StoredCredential, 'id' | 'publicKey'> | undefined): Uint8Array {
  if (credential === undefined) return new Uint8Array();
  const id = Buffer.from(credential.id, 'base64url');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(id.length);
  return Buffer.concat([AAGUID_BYTES, length, id, Buffer.from(credential.publicKey, 'base64url')]);
}

export const rpIdHash = (rpId: string): Buffer => createHash('sha256').update(rpId).digest();

/** PublicKeyCredentialDescriptor. */
export const descriptor = (credential: StoredCredential): CborMap =>
  cborMap([
    ['id', Buffer.from(credential.id, 'base64url')],
    ['type', 'public-key'],
  ]);

/** The credential ids (base64url) of a list of descriptors; descriptors of another type count for nothing. */
export function readDescriptors(list: readonly Members[]): ReadonlySet<string> {
  const ids = list.flatMap((item) => {
    const id = need(item.bytes('id', { max: LIMIT.MESSAGE }), 'id');
    return need(item.text('type'), 'type') === 'public-key' ? [Buffer.from(id).toString('base64url')] : [];
  });
  return new Set(ids);
}
