/** Asks one domain controller over CLDAP who it is ([MS-ADTS] 6.3.3). */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { ActiveDirectoryError } from '../errors.ts';
import { decodePong, encodePing } from './message.ts';
import { decodeNetlogonResponse, type NetlogonResponse } from './netlogon.ts';

const RESEND_AFTER = 500;

/**
 * @param timeout milliseconds in all; the datagram is sent again every half second
 * @throws ActiveDirectoryError `dc-timeout`, `cldap-malformed`, `netlogon-malformed`
 */
export function pingDomainController(
  address: { host: string; port?: number },
  domainName: string,
  timeout = 2_000,
): Promise<NetlogonResponse> {
  const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
  const messageId = randomInt(1, 0x7fffffff);
  const ping = encodePing(messageId, domainName);
  const port = address.port ?? 389;
  return new Promise<NetlogonResponse>((resolve, reject) => {
    const silent = () =>
      reject(
        new ActiveDirectoryError(
          'dc-timeout',
          `No domain controller of ${domainName} answers at ${address.host}:${port}.`,
        ),
      );
    // A connected socket hears nobody else, and hears at once where there is no such port.
    const send = () => socket.send(ping, () => undefined);
    let resend: NodeJS.Timeout | undefined;
    const timer = setTimeout(silent, timeout);
    socket.on('error', silent);
    socket.on('message', (message) => {
      try {
        const { messageId: answered, netlogon } = decodePong(message);
        if (answered !== messageId) return;
        if (!netlogon) silent();
        else resolve(decodeNetlogonResponse(netlogon));
      } catch (error) {
        reject(error);
      }
    });
    socket.on('close', () => {
      clearInterval(resend);
      clearTimeout(timer);
    });
    socket.on('connect', () => {
      send();
      resend = setInterval(send, RESEND_AFTER);
    });
    socket.connect(port, address.host);
  }).finally(() => socket.close());
}
