/** Requests to a KDC over TCP (RFC 4120 section 7.2.2): four bytes of length, then the message. */
import { connect } from 'node:net';
import { KerberosError } from '../errors.ts';

const MAX_REPLY = 1024 * 1024;
const DEFAULT_TIMEOUT = 5_000;

export interface KdcAddress {
  host: string;
  port: number;
}

/** Sends one message to one KDC and gives its reply. */
export type KdcExchange = (message: Uint8Array) => Promise<Buffer>;

/** Sends one message to a KDC of the realm and gives its reply. Anything that does so can stand in for a network. */
export type KdcTransport = (message: Uint8Array, realm: string) => Promise<Buffer>;

/**
 * A transport to one KDC, a connection for each message.
 * @param timeout milliseconds for the whole exchange
 * @throws (when used) KerberosError `kdc-unreachable`, `kdc-timeout`
 */
export function tcpTransport(address: KdcAddress, timeout: number = DEFAULT_TIMEOUT): KdcExchange {
  const where = `${address.host}:${address.port}`;
  return (message) =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let received = 0;
      const socket = connect(address.port, address.host);
      const fail = (error: KerberosError) => {
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(
        () =>
          fail(
            new KerberosError('kdc-timeout', `The domain controller at ${where} does not answer.`, { where }),
          ),
        timeout,
      );
      socket.on('connect', () => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(message.length);
        socket.write(Buffer.concat([length, message]));
      });
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        received += chunk.length;
        if (received < 4) return;
        const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
        const expected = all.readUInt32BE(0);
        if (expected > MAX_REPLY)
          fail(
            new KerberosError(
              'der-too-large',
              `The answer of ${where} is too large to be a Kerberos message.`,
              { expected },
            ),
          );
        else if (received >= 4 + expected) {
          socket.destroy();
          resolve(all.subarray(4, 4 + expected));
        }
      });
      socket.on('error', (cause) =>
        fail(
          new KerberosError('kdc-unreachable', `The domain controller at ${where} cannot be reached.`, {
            where,
            cause: cause.message,
          }),
        ),
      );
      socket.on('close', () => {
        clearTimeout(timer);
        fail(
          new KerberosError(
            'kdc-unreachable',
            `The domain controller at ${where} closed the connection without an answer.`,
            { where },
          ),
        );
      });
    });
}
