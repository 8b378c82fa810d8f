/** Answers CLDAP pings for a domain, as a domain controller does; at most five times a ping's size, against forged senders. */
import { createSocket } from 'node:dgram';
import { decodePing, encodePong } from './message.ts';
import { encodeNetlogonResponse, type NetlogonResponse } from './netlogon.ts';

const MAX_AMPLIFICATION = 5;

/** @param port 0 picks a free one. Malformed datagrams get no answer. */
export async function listenCldap(
  response: NetlogonResponse,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<{ port: number; close(): Promise<void> }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const netlogon = encodeNetlogonResponse(response);
  socket.on('message', (datagram, peer) => {
    try {
      const { messageId, conditions } = decodePing(datagram);
      const asked = conditions.get('dnsdomain')?.toString('utf8').toLowerCase();
      const ours = asked === undefined || asked === response.domainName.toLowerCase();
      const answer = encodePong(messageId, ours ? netlogon : undefined);
      if (answer.length > MAX_AMPLIFICATION * datagram.length) return;
      socket.send(answer, peer.port, peer.address, () => undefined); // whom it does not reach asks again
    } catch {
      // not a ping, or a sender of port 0: a domain controller is silent too
    }
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject); // later ones concern single datagrams
    socket.bind(port, host, resolve);
  });
  return { port: socket.address().port, close: () => new Promise((done) => socket.close(() => done())) };
}
