/** The shared types of RFC 4120 section 5.2. */

import type { Key } from '../crypto/key.ts';
import { int32, kerberosString, type Of, octets, opt, req, sequence, sequenceOf } from '../der/codec.ts';
import { KerberosError } from '../errors.ts';
import { NAME_TYPE } from '../iana/message-types.ts';

export const PrincipalName = sequence({
  nameType: req(0, int32),
  nameString: req(1, sequenceOf(kerberosString, 16)),
});
export type PrincipalName = Of<typeof PrincipalName>;

/** EncryptionKey, and equally the `keyblock` of other structures: an etype and its bytes. */
export const EncryptionKey = sequence({ keyType: req(0, int32), keyValue: req(1, octets) });
export type EncryptionKey = Of<typeof EncryptionKey>;

/** kvno is read as signed: a read-only domain controller's is (N << 16 | version). */
export const EncryptedData = sequence({ etype: req(0, int32), kvno: opt(1, int32), cipher: req(2, octets) });
export type EncryptedData = Of<typeof EncryptedData>;

export const Checksum = sequence({ type: req(0, int32), checksum: req(1, octets) });
export type Checksum = Of<typeof Checksum>;

export const PaData = sequence({ type: req(1, int32), value: req(2, octets) });
export type PaData = Of<typeof PaData>;

/** METHOD-DATA (RFC 4120 section 5.9.1): the e-data of PREAUTH_REQUIRED. */
export const MethodData = sequenceOf(PaData, 64);

export const AuthorizationData = sequenceOf(sequence({ type: req(0, int32), data: req(1, octets) }), 64);
export type AuthorizationData = Of<typeof AuthorizationData>;

export const HostAddresses = sequenceOf(sequence({ type: req(0, int32), address: req(1, octets) }), 64);

/** `krbtgt/REALM` from its text: `/` parts the components, and the type is guessed as MIT does. */
export function principal(text: string, nameType?: number): PrincipalName {
  const nameString = text.split('/');
  return {
    nameType: nameType ?? (nameString.length > 1 ? NAME_TYPE.SRV_INST : NAME_TYPE.PRINCIPAL),
    nameString,
  };
}

/** The text of a name: components joined by `/`. */
export function principalText(name: PrincipalName): string {
  return name.nameString.join('/');
}

/** Without its fraction: Kerberos times are whole seconds, and what belongs together must bear the very same. */
export const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);

export const krbtgt = (realm: string): PrincipalName => ({
  nameType: NAME_TYPE.SRV_INST,
  nameString: ['krbtgt', realm],
});

/** The same components; the type is only a hint (RFC 4120 section 6.2). */
export function samePrincipal(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length && a.nameString.every((part, i) => part === b.nameString[i])
  );
}

/** Encrypts for a usage; the etype of `data` is the key's. */
export function encrypted(key: Key, usage: number, plaintext: Uint8Array, kvno?: number): EncryptedData {
  return { etype: key.etype, cipher: key.encrypt(usage, plaintext), ...(kvno === undefined ? {} : { kvno }) };
}

/** @throws KerberosError `integrity-check-failed` where etype or key do not fit. */
export function decrypted(key: Key, usage: number, data: EncryptedData): Buffer {
  if (data.etype !== key.etype)
    throw new KerberosError(
      'integrity-check-failed',
      'The message is encrypted with another encryption type than the key has.',
      { etype: data.etype },
    );
  return key.decrypt(usage, data.cipher);
}
