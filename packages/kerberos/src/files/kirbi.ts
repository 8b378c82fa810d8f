/**
 * The .kirbi file of Windows tools: a KRB-CRED whose encrypted part is in clear (etype 0), as RFC 4120 section 5.8.1
 * has it for a path that is protected otherwise.
 */
import type { Credentials } from '../credentials.ts';
import { MSG_TYPE } from '../iana/message-types.ts';
import { EncKrbCredPart, KrbCred } from '../messages/krb-cred.ts';

const IN_CLEAR = 0;

/** The bytes of a .kirbi file. They hold session keys: write them with mode 0600. */
export function encodeKirbi(credentials: readonly Credentials[]): Uint8Array {
  const ticketInfo = credentials.map(({ client, server, key, ...times }) => ({
    key: { keyType: key.etype, keyValue: key.value },
    prealm: client.realm,
    pname: client.name,
    flags: times.flags,
    authtime: times.authtime,
    starttime: times.starttime ?? times.authtime,
    endtime: times.endtime,
    renewTill: times.renewTill ?? times.endtime, // optional, and readers do not do without
    srealm: server.realm,
    sname: server.name,
  }));
  return KrbCred.encode({
    pvno: 5,
    msgType: MSG_TYPE.KRB_CRED,
    tickets: credentials.map(({ ticket }) => ticket),
    encPart: { etype: IN_CLEAR, cipher: EncKrbCredPart.encode({ ticketInfo }) },
  });
}
