/** Requests to a KDC over UDP (RFC 4120 section 7.2.1), and over TCP where a datagram does not do. */
import { createSocket } from 'node:dgram';
import { KerberosError } from '../errors.ts';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { KrbErrorReply } from '../messages/krb-error.ts';
import { throwIfKrbError } from './tgs.ts';
import { type KdcAddress, type KdcExchange, tcpTransport } from './transport.ts';

/** A larger request would be cut into fragments, which firewalls drop. */
const MAX_DATAGRAM = 1400;
const FIRST_WAIT = 1000;
const SENDINGS = 2;

/**
 * A transport by datagrams: sent again once after `wait` ms, given up after the double of that.
 * @throws (when used) KerberosError `kdc-unreachable`, `kdc-timeout`
 */
export function udpTransport(address: KdcAddress, wait: number = FIRST_WAIT): KdcExchange {
  const where = `${address.host}:${address.port}`;
  return (message) =>
    new Promise((resolve, reject) => {
      // The family is that of the address: a datagram socket does not find out by itself.
      const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
      let sent = 0;
      let timer: NodeJS.Timeout | undefined;
      let over = false;
      const done = (settle: () => void) => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        socket.close();
        settle();
      };
      const fail = (code: 'kdc-unreachable' | 'kdc-timeout', text: string, cause?: string) =>
        done(() => reject(new KerberosError(code, text, { where, cause })));
      const send = () => {
        if (sent++ === SENDINGS)
          return fail('kdc-timeout', `The domain controller at ${where} does not answer over UDP.`);
        socket.send(message);
        timer = setTimeout(send, wait);
      };
      socket.once('message', (reply) => done(() => resolve(reply)));
      socket.once('error', (error) =>
        fail('kdc-unreachable', `The domain controller at ${where} cannot be reached.`, error.message),
      );
      // Connected, so that only this KDC's datagrams come in, and a closed port is told at once.
      socket.connect(address.port, address.host);
      socket.once('connect', send);
    });
}

/**
 * UDP first; TCP for a request or an answer that does not fit a datagram, and where UDP has no answer.
 * @throws (when used) KerberosError `kdc-unreachable`, `kdc-timeout`
 */
export function udpThenTcp(
  address: KdcAddress,
  times: { udpWait?: number; tcpTimeout?: number } = {},
): KdcExchange {
  const udp = udpTransport(address, times.udpWait);
  const tcp = tcpTransport(address, times.tcpTimeout);
  return async (message) => {
    if (message.length > MAX_DATAGRAM) return tcp(message);
    try {
      const reply = await udp(message);
      return isTooBig(reply) ? await tcp(message) : reply;
    } catch (error) {
      if (!(error instanceof KerberosError)) throw error;
      return tcp(message);
    }
  };
}

function isTooBig(reply: Uint8Array): boolean {
  try {
    throwIfKrbError(reply);
    return false;
  } catch (error) {
    return error instanceof KrbErrorReply && error.errorCode === KRB_ERROR_CODES.RESPONSE_TOO_BIG.code;
  }
}
