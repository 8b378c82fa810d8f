/**
 * TCP and UDP listeners of a KDC on one port (RFC 4120 section 7.2). A connection has one request in work at a
 * time and so many seconds for each. A KRB-ERROR to a datagram is at most three times its size, so that the KDC
 * is no amplifier for forged senders; other replies are for those who proved that they have a key.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { KRB_ERROR_CODES, KrbError, krbtgt, MSG_TYPE } from '@kennel/kerberos';
import type { Kdc } from './kdc.ts';

const MAX_REQUEST = 64 * 1024;
const MAX_DATAGRAM = 1465;
const MAX_AMPLIFICATION = 3;
const KRB_ERROR_TAG = 0x60 | MSG_TYPE.KRB_ERROR;
const REQUEST_TIMEOUT = 10_000;
const MAX_CONNECTIONS = 256;

export interface KdcListener {
  host: string;
  port: number;
  close(): Promise<void>;
}

export interface ListenOptions {
  /** An address to listen on; 127.0.0.1 unless given. */
  host?: string;
  /** 0, unless given, picks a free one, the same for both protocols. */
  port?: number;
  /** Milliseconds that a TCP client has for each request to arrive whole, and to take its reply. */
  requestTimeout?: number;
  /** TCP connections at a time; more are closed at once. */
  maxConnections?: number;
}

/** Serves a KDC over TCP and UDP. */
export async function listenKdc(kdc: Kdc, options: ListenOptions = {}): Promise<KdcListener> {
  const { host = '127.0.0.1', port = 0, requestTimeout = REQUEST_TIMEOUT } = options;
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serveConnection(socket, kdc, requestTimeout);
  });
  tcp.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  const bound = await listenTcp(tcp, host, port);
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.on('message', (message, peer) => void answerDatagram(udp, kdc, message, peer));
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

async function answerDatagram(udp: UdpSocket, kdc: Kdc, message: Buffer, peer: RemoteInfo): Promise<void> {
  const whole = await kdc.handle(message);
  const reply = whole.length > MAX_DATAGRAM ? kdcError(kdc, 'RESPONSE_TOO_BIG') : whole;
  if (reply[0] === KRB_ERROR_TAG && reply.length > MAX_AMPLIFICATION * message.length) return;
  try {
    udp.send(reply, peer.port, peer.address, () => undefined); // whom it does not reach asks again
  } catch {
    // a sender of port 0, or the socket was closed meanwhile: there is nobody to answer
  }
}

function serveConnection(socket: Socket, kdc: Kdc, requestTimeout: number): void {
  let chunks: Buffer[] = [];
  let received = 0;
  let timer: NodeJS.Timeout | undefined;
  const expectWithin = () => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), requestTimeout);
  };
  const send = (reply: Uint8Array) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(reply.length);
    return new Promise<void>((sent) => socket.write(Buffer.concat([header, reply]), () => sent()));
  };
  /** Answers the whole requests that are here, one after another; reads on only when their replies are gone. */
  const serve = async () => {
    socket.pause();
    while (received >= 4) {
      const pending = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      if (!pending) return;
      chunks = [pending];
      const length = pending.readUInt32BE(0);
      if (length > MAX_REQUEST) {
        await send(kdcError(kdc, 'FIELD_TOOLONG'));
        socket.destroySoon();
        return;
      }
      if (received < 4 + length) break;
      chunks = [pending.subarray(4 + length)];
      received -= 4 + length;
      await send(await kdc.handle(pending.subarray(4, 4 + length)));
      if (socket.destroyed) return;
      expectWithin();
    }
    socket.resume();
  };
  expectWithin();
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    if (received < 4) return;
    const length = (chunks.length === 1 ? chunk : Buffer.concat(chunks.slice(0, 4))).readUInt32BE(0);
    if (length > MAX_REQUEST || received >= 4 + length) void serve();
  });
}

/** A KRB-ERROR of the listener itself, about no request in particular. */
function kdcError(kdc: Kdc, error: 'RESPONSE_TOO_BIG' | 'FIELD_TOOLONG'): Uint8Array {
  const { realm } = kdc.realm;
  return KrbError.encode({
    pvno: 5,
    msgType: MSG_TYPE.KRB_ERROR,
    stime: new Date(),
    susec: 0,
    errorCode: KRB_ERROR_CODES[error].code,
    realm,
    sname: krbtgt(realm),
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

/** Errors after the binding concern single datagrams (a host that is gone) and are no reason to end. */
const bindUdp = (socket: UdpSocket, host: string, port: number) =>
  new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.bind(port, host, () => resolve());
  });
