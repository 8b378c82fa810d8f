/** Opening an AS-REP that came with its client key, as the partial TGT does (RFC 4120 section 3.1.5). */
import { type Credentials, credentialsOf } from '../credentials.ts';
import { Key } from '../crypto/key.ts';
import { decodeDer } from '../der/codec.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { decrypted } from '../messages/common.ts';
import { AsRep, EncAsRepPart } from '../messages/kdc-rep.ts';

/** Credentials out of a DER AS-REP. @throws KerberosError where the key does not fit or the bytes are malformed */
export function openAsRep(message: Uint8Array, clientKey: Key): Credentials {
  const reply = decodeDer(AsRep, message);
  const part = decodeDer(EncAsRepPart, decrypted(clientKey, KEY_USAGE.AS_REP_ENC_PART, reply.encPart));
  return credentialsOf(reply, part, new Key(part.key.keyType, Buffer.from(part.key.keyValue)));
}
