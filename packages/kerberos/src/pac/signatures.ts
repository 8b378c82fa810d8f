/**
 * The PAC's signatures ([MS-PAC] section 2.8). In a TGT: server (6) and KDC (7), both under the krbtgt key.
 * In a service ticket also ticket (16) and full (19). 16 and 19 never stand in a TGT.
 */
import type { Key } from '../crypto/key.ts';
import { KerberosError } from '../errors.ts';
import { KEY_USAGE } from '../iana/key-usages.ts';
import { PAC_BUFFER } from '../iana/pac-buffers.ts';
import { EncTicketPart } from '../messages/ticket.ts';
import { decodePac, encodePac, findPac, type PacBuffer, pacAuthorizationData } from './pac.ts';

const MAC = 12;

/** PAC_SIGNATURE_DATA: type and checksum; zero where it is signed later. */
function signatureData(key: Key, checksum: Uint8Array = new Uint8Array(MAC)): Buffer {
  const out = Buffer.alloc(4 + MAC);
  out.writeInt32LE(key.checksumType, 0);
  out.set(checksum, 4);
  return out;
}

const sign = (key: Key, data: Uint8Array) => key.checksum(KEY_USAGE.PAC_SIGNATURE, data);

export interface SigningKeys {
  /** The key that encrypts the ticket: signs the server signature. */
  server: Key;
  /** The krbtgt key: signs the KDC's signatures. */
  krbtgt: Key;
  /** The read-only domain controller's number, written behind the KDC signature, where one signs. */
  rodcNumber?: number;
}

/** The PAC of a TGT: `buffers` and the signatures 6 and 7. */
export function signTgtPac(buffers: readonly PacBuffer[], keys: SigningKeys): Buffer {
  return finish(buffers, keys);
}

/**
 * The authorization data of a service ticket: the PAC with all four signatures. The ticket signature covers
 * `ticket` with one zero byte in the PAC's place.
 */
export function signServiceTicketPac(
  buffers: readonly PacBuffer[],
  keys: SigningKeys,
  ticket: Omit<EncTicketPart, 'authorizationData'>,
): Buffer {
  const stub = EncTicketPart.encode({ ...ticket, authorizationData: pacAuthorizationData(Uint8Array.of(0)) });
  const ticketSignature = {
    type: PAC_BUFFER.TICKET_SIGNATURE,
    data: signatureData(keys.krbtgt, sign(keys.krbtgt, stub)),
  };
  const zeroFull = {
    type: PAC_BUFFER.FULL_SIGNATURE,
    data: signatureData(keys.krbtgt),
  };
  const unsigned = encodePac([...buffers, ticketSignature, zeroFull, ...zeroSignatures(keys)]);
  const full = {
    type: PAC_BUFFER.FULL_SIGNATURE,
    data: signatureData(keys.krbtgt, sign(keys.krbtgt, unsigned)),
  };
  return finish([...buffers, ticketSignature, full], keys);
}

/** Both signatures with nothing in them yet, and room for the number of a read-only domain controller. */
const zeroSignatures = ({ server, krbtgt, rodcNumber }: SigningKeys): PacBuffer[] => [
  { type: PAC_BUFFER.SERVER_SIGNATURE, data: signatureData(server) },
  {
    type: PAC_BUFFER.KDC_SIGNATURE,
    data:
      rodcNumber === undefined
        ? signatureData(krbtgt)
        : Buffer.concat([signatureData(krbtgt), Buffer.alloc(2)]),
  },
];

/** Signs with 6 and 7. The number is written last: the server signature is over zeros there (Samba refuses another). */
function finish(buffers: readonly PacBuffer[], keys: SigningKeys): Buffer {
  const pac = encodePac([...buffers, ...zeroSignatures(keys)]);
  const [server, kdc] = decodePac(pac).slice(-2);
  const serverSignature = sign(keys.server, pac);
  pac.set(serverSignature, (server?.offset ?? 0) + 4);
  pac.set(sign(keys.krbtgt, serverSignature), (kdc?.offset ?? 0) + 4);
  if (keys.rodcNumber !== undefined) pac.writeUInt16LE(keys.rodcNumber, (kdc?.offset ?? 0) + 4 + MAC);
  return pac;
}

/**
 * Checks the server signature (6) of a PAC; with `krbtgt` also the KDC signature (7), which a service cannot
 * check; with `rodcNumber` that the KDC signature names that read-only domain controller.
 * @returns the buffers, which may be believed from here on
 * @throws KerberosError `pac-signature-invalid`, `pac-malformed`
 */
export function verifyPac(
  pac: Uint8Array,
  keys: Pick<SigningKeys, 'server'> & Partial<SigningKeys>,
): PacBuffer[] {
  const buffers = decodePac(pac);
  const server = buffers.find(({ type }) => type === PAC_BUFFER.SERVER_SIGNATURE);
  const kdc = buffers.find(({ type }) => type === PAC_BUFFER.KDC_SIGNATURE);
  if (!server || !kdc || server.data.length < 4 + MAC || kdc.data.length < 4 + MAC) throw invalid();
  const zeroed = Buffer.from(pac);
  for (const { offset, data } of [server, kdc]) zeroed.fill(0, offset + 4, offset + data.length);
  verifySignature(keys.server, server.data, zeroed);
  if (keys.krbtgt) verifySignature(keys.krbtgt, kdc.data, server.data.subarray(4, 4 + MAC));
  if (
    keys.rodcNumber !== undefined &&
    (kdc.data.length !== 6 + MAC || Buffer.from(kdc.data).readUInt16LE(4 + MAC) !== keys.rodcNumber)
  )
    throw invalid();
  return buffers;
}

/** Holds PAC_SIGNATURE_DATA against the data that it signs. */
function verifySignature(key: Key, signature: Uint8Array, data: Uint8Array): void {
  const ours = Buffer.from(signature).readInt32LE(0) === key.checksumType;
  if (!ours || !key.verifyChecksum(KEY_USAGE.PAC_SIGNATURE, signature.subarray(4, 4 + MAC), data))
    throw invalid();
}

/** Checks the ticket signature (16) of a service ticket. @throws KerberosError `pac-signature-invalid` */
export function verifyTicketSignature(ticket: EncTicketPart, krbtgt: Key): void {
  const pac = findPac(ticket.authorizationData);
  const signature = pac && decodePac(pac).find((buffer) => buffer.type === PAC_BUFFER.TICKET_SIGNATURE);
  const stub = EncTicketPart.encode({ ...ticket, authorizationData: pacAuthorizationData(Uint8Array.of(0)) });
  if (!signature || signature.data.length < 4 + MAC) throw invalid();
  verifySignature(krbtgt, signature.data, stub);
}

const invalid = () =>
  new KerberosError('pac-signature-invalid', 'The PAC is not signed by the key that is expected.');
