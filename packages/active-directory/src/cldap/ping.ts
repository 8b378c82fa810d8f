/** Asks one domain controller over CLDAP who it is ([MS-ADTS] 6.3.3). */
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
  const ping = encodePing(1, domainName);
  const port = address.port ?? 389;
  const send = () => socket.send(ping, port, address.host, () => {});
  return new Promise<NetlogonResponse>((resolve, reject) => {
    const resend = setInterval(send, RESEND_AFTER);
    const silent = () =>
      reject(
        new ActiveDirectoryError(
          'dc-timeout',
          `No domain controller of ${domainName} answers at ${address.host}:${port}.`,
        ),
      );
    const timer = setTimeout(silent, timeout);
    socket.on('error', silent);
    socket.on('message', (message) => {
      try {
        const netlogon = decodePong(message);
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
    send();
  }).finally(() => socket.close());
}
