/** TCP and UDP listeners of a KDC on one port (RFC 4120 section 7.2). */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { KRB_ERROR_CODES, KrbError, krbtgt, MSG_TYPE } from '@kennel/kerberos';
import type { Kdc } from './kdc.ts';

const MAX_REQUEST = 64 * 1024;
const MAX_DATAGRAM = 1465;
const IDLE_TIMEOUT = 10_000;
const MAX_CONNECTIONS = 256;

export interface KdcListener {
  host: string;
  port: number;
  close(): Promise<void>;
}

/** Serves a KDC. @param port 0 picks a free one, the same for both protocols */
export async function listenKdc(
  kdc: Kdc,
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
): Promise<KdcListener> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => serveConnection(socket, kdc, open));
  tcp.maxConnections = MAX_CONNECTIONS;
  const bound = await listenTcp(tcp, host, port);
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', async (message, peer) => {
    const reply = await kdc.handle(message);
    udp.send(reply.length > MAX_DATAGRAM ? tooBig(kdc) : reply, peer.port, peer.address);
  });
  try {
    await bindUdp(udp, host, bound);
  } catch (error) {
    tcp.close();
    throw error;
  }
  return {
    host,
    port: bound,
    close: async () => {
      for (const socket of open) socket.destroy();
      await Promise.all([
        new Promise<void>((done) => tcp.close(() => done())),
        new Promise<void>((done) => udp.close(() => done())),
      ]);
    },
  };
}

function serveConnection(socket: Socket, kdc: Kdc, open: Set<Socket>): void {
  let pending = Buffer.alloc(0);
  let busy = Promise.resolve();
  open.add(socket);
  socket.setTimeout(IDLE_TIMEOUT, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('close', () => open.delete(socket));
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0);
      if (length > MAX_REQUEST) {
        socket.destroy();
        return;
      }
      if (pending.length < 4 + length) return;
      const message = pending.subarray(4, 4 + length);
      pending = pending.subarray(4 + length);
      busy = busy.then(async () => {
        const reply = await kdc.handle(message);
        const header = Buffer.alloc(4);
        header.writeUInt32BE(reply.length);
        if (socket.writable) socket.write(Buffer.concat([header, reply]));
      });
    }
  });
}

/** KRB-ERROR RESPONSE_TOO_BIG: the client comes again over TCP. */
function tooBig(kdc: Kdc): Uint8Array {
  const { realm } = kdc.realm;
  const sname = krbtgt(realm);
  return KrbError.encode({
    pvno: 5,
    msgType: MSG_TYPE.KRB_ERROR,
    stime: new Date(),
    susec: 0,
    errorCode: KRB_ERROR_CODES.RESPONSE_TOO_BIG.code,
    realm,
    sname,
  });
}

const listenTcp = (server: Server, host: string, port: number) =>
  new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });

const bindUdp = (socket: UdpSocket, host: string, port: number) =>
  new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => resolve());
  });
