/** LDAP's SASL bind with GSS-SPNEGO (RFC 4513 section 5.2, [MS-ADTS] 5.1.1.1.2): Kerberos, signed and sealed from then on. */
import type { Socket } from 'node:net';
import type { GssContext, GssParty } from '@kennel/kerberos';
import { Ber, BerReader, BerWriter } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';

const BIND_REQUEST = 0x60;
const BIND_RESPONSE = 0x61;
const SASL = 0xa3;
const SERVER_CREDENTIALS = 0x87;
const SUCCESS = 0;
const IN_PROGRESS = 14;
const INVALID_CREDENTIALS = 49;
const MAX_ROUNDS = 5;
const MAX_RESPONSE = 65_536;

/**
 * Binds on a fresh connection and gives the security context of it.
 * @throws ActiveDirectoryError `ldap-refused`, `ldap-malformed`, `dc-unreachable`; KerberosError of the context
 */
export async function saslBind(socket: Socket, party: GssParty): Promise<GssContext> {
  let step = party.step();
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    socket.write(bindRequest(round, step.token ?? new Uint8Array(0)));
    const { code, message, token } = readResponse(await readMessage(socket));
    if (code !== SUCCESS && code !== IN_PROGRESS) {
      const why = code === INVALID_CREDENTIALS ? 'it does not accept the ticket' : `error ${code}`;
      throw new ActiveDirectoryError(
        'ldap-refused',
        `The domain controller refused the sign-in over LDAP: ${why}.`,
        { code, message },
      );
    }
    if (token) step = party.step(token);
    if (code === SUCCESS) {
      if (step.context) return step.context;
      break;
    }
  }
  throw malformed('the sign-in did not come to an end');
}

const malformed = (what: string) =>
  new ActiveDirectoryError('ldap-malformed', `The domain controller's LDAP answer makes no sense: ${what}.`);

function bindRequest(messageId: number, token: Uint8Array): Buffer {
  const out = new BerWriter();
  out.startSequence();
  out.writeInt(messageId);
  out.startSequence(BIND_REQUEST);
  out.writeInt(3);
  out.writeString('');
  out.startSequence(SASL);
  out.writeString('GSS-SPNEGO');
  out.writeBuffer(Buffer.from(token), Ber.OctetString);
  out.endSequence();
  out.endSequence();
  out.endSequence();
  return out.buffer;
}

function readResponse(bytes: Buffer): { code: number; message: string; token: Buffer | undefined } {
  try {
    const input = new BerReader(bytes);
    input.readSequence();
    input.readInt();
    input.readSequence(BIND_RESPONSE);
    const code = input.readEnumeration() ?? -1;
    input.readString();
    const message = input.readString() ?? '';
    const token =
      input.peek() === SERVER_CREDENTIALS ? input.readString(SERVER_CREDENTIALS, true) : undefined;
    return { code, message, token: token ?? undefined };
  } catch {
    throw malformed('the bind response');
  }
}

/** One whole LDAP message from the socket. */
async function readMessage(socket: Socket): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for (;;) {
    const length = messageLength(received);
    if (length > MAX_RESPONSE) throw malformed('a message that is too long');
    if (length > 0 && received.length >= length) {
      if (received.length > length) throw malformed('something behind the bind response');
      return received;
    }
    received = Buffer.concat([received, await nextChunk(socket)]);
  }
}

/** Of a BER sequence with a definite length; 0 while it is not known yet. */
function messageLength(bytes: Buffer): number {
  const first = bytes[1];
  if (first === undefined) return 0;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4) throw malformed('a message without a length');
  return bytes.length < 2 + count ? 0 : 2 + count + bytes.readUIntBE(2, count);
}

function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const closed = (error?: unknown) =>
      done(() =>
        reject(
          new ActiveDirectoryError('dc-unreachable', 'The domain controller closed the LDAP connection.', {
            cause: String(error ?? 'closed'),
          }),
        ),
      );
    const timedOut = () => closed('timeout');
    const data = (chunk: Buffer) => done(() => resolve(chunk));
    const done = (settle: () => void) => {
      socket.off('data', data).off('error', closed).off('close', closed).off('timeout', timedOut);
      socket.pause();
      settle();
    };
    socket.on('data', data).on('error', closed).on('close', closed).on('timeout', timedOut);
    socket.resume();
  });
}
