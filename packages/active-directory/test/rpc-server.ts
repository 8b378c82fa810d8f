/** A server of RPC for tests: takes whole requests, answers in fragments, and misbehaves as told. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Credentials, GssContext } from '@kennel/kerberos';
import {
  EncTicketPart,
  encrypted,
  KEY_USAGE,
  Key,
  krb5Acceptor,
  NOT_TRANSITED,
  ReplayCache,
} from '@kennel/kerberos';
import {
  CALL_HEADER,
  decodePdu,
  encodeHeader,
  encodePdu,
  encodeTrailer,
  fragmentLength,
  PDU,
  type Pdu,
  TRAILER,
} from '../src/rpc/pdu.ts';
import { encodeSyntax, SYNTAX } from '../src/rpc/syntax.ts';

const realm = 'CORP.EXAMPLE.COM';
const serviceKey = Key.random();

/** Credentials for the server that `listenRpc` starts. */
export function ticketForServer(now: Date): Credentials {
  const key = Key.random();
  const client = { realm, name: { nameType: 1, nameString: ['admin'] } };
  const server = { realm, name: { nameType: 2, nameString: ['ldap', 'dc1.corp.example.com'] } };
  const times = { authtime: now, starttime: now, endtime: new Date(now.getTime() + 3_600_000) };
  const part = EncTicketPart.encode({
    ...{ flags: 0, crealm: realm, cname: client.name, transited: NOT_TRANSITED, ...times },
    key: { keyType: key.etype, keyValue: key.value },
  });
  const encPart = encrypted(serviceKey, KEY_USAGE.TICKET, part, 1);
  return {
    client,
    server,
    key,
    flags: 0,
    ...times,
    ticket: { tktVno: 5, realm, sname: server.name, encPart },
  };
}

/** What a handler sees of one connection. */
export interface RpcPeer {
  socket: Socket;
  context: GssContext | undefined;
  /** The stubs of a request's fragments, in clear. */
  stub: Buffer;
  fragments: number;
  callId: number;
  opnum: number;
  /** A response fragment, sealed where a context stands. */
  response(stub: Uint8Array, flags?: number, type?: number): Buffer;
}

export interface RpcServerOptions {
  /** Answers one whole request; echoes its stub unless given. */
  handle?: (peer: RpcPeer) => void;
  /** Replaces the answer to bind. */
  bindAnswer?: (pdu: Pdu, ack: Buffer) => Buffer;
  headerSigning?: boolean;
  maxReceive?: number;
}

const ackBody = (maxReceive: number, result = 0) => {
  const body = Buffer.alloc(24);
  body.writeUInt16LE(5840, 0);
  body.writeUInt16LE(maxReceive, 2);
  body.writeUInt32LE(77, 4);
  body[12] = 1;
  body.writeUInt16LE(result, 16);
  return Buffer.concat([body.subarray(0, 20), encodeSyntax(SYNTAX.NDR)]);
};

function clear(pdu: Pdu, context: GssContext | undefined): Buffer {
  if (!pdu.verifier || !context) return pdu.body.subarray(8);
  const end = pdu.raw.length - pdu.verifier.token.length - TRAILER;
  const [, body = Buffer.alloc(0)] = context.unwrapParts(pdu.verifier.token, [
    { data: pdu.raw.subarray(0, CALL_HEADER), sealed: false },
    { data: pdu.raw.subarray(CALL_HEADER, end), sealed: true },
    { data: pdu.raw.subarray(end, end + TRAILER), sealed: false },
  ]);
  return body.subarray(0, body.length - pdu.padLength);
}

function fragment(
  context: GssContext | undefined,
  type: number,
  flags: number,
  callId: number,
  stub: Uint8Array,
): Buffer {
  const head = Buffer.alloc(8);
  if (!context) return encodePdu(type, flags, callId, Buffer.concat([head, stub]));
  const pad = -stub.length & 15;
  const trailer = encodeTrailer({ authType: 16, authLevel: 6, contextId: 1 }, pad);
  const length = CALL_HEADER + stub.length + pad + TRAILER + 76;
  const header = Buffer.concat([encodeHeader(type, flags, callId, length, 76), head]);
  const { token, parts } = context.wrapParts([
    { data: header, sealed: false },
    { data: Buffer.concat([stub, Buffer.alloc(pad)]), sealed: true },
    { data: trailer, sealed: false },
  ]);
  return Buffer.concat([header, parts[1] ?? Buffer.alloc(0), trailer, token]);
}

/** Listens on a port of its own. */
export async function listenRpc(options: RpcServerOptions = {}): Promise<{ port: number; close(): void }> {
  const { handle = (peer) => peer.socket.write(peer.response(peer.stub)), maxReceive = 5840 } = options;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const acceptor = krb5Acceptor({ findKey: () => serviceKey, now: new Date(), replays: new ReplayCache() });
    let context: GssContext | undefined;
    let held: Buffer = Buffer.alloc(0);
    let stubs: Buffer[] = [];
    const take = (pdu: Pdu) => {
      if (pdu.type === PDU.BIND || pdu.type === PDU.ALTER_CONTEXT) {
        const step = pdu.verifier ? acceptor.step(pdu.verifier.token) : {};
        context = step.context ?? context;
        const type = pdu.type === PDU.BIND ? PDU.BIND_ACK : PDU.ALTER_CONTEXT_RESPONSE;
        const flags = (options.headerSigning ?? true) ? 7 : 3;
        const verifier = step.token && { authType: 16, authLevel: 6, contextId: 1, token: step.token };
        const ack = encodePdu(type, flags, pdu.callId, ackBody(maxReceive), verifier);
        socket.write(options.bindAnswer?.(pdu, ack) ?? ack);
        return;
      }
      stubs.push(clear(pdu, context));
      if ((pdu.flags & 2) === 0) return;
      const { callId } = pdu;
      handle({
        ...{ socket, context, callId, stub: Buffer.concat(stubs), fragments: stubs.length },
        opnum: pdu.body.readUInt16LE(6),
        response: (stub, flags = 3, type = PDU.RESPONSE) => fragment(context, type, flags, callId, stub),
      });
      stubs = [];
    };
    socket.on('data', (data) => {
      held = Buffer.concat([held, data]);
      for (;;) {
        const length = fragmentLength(held);
        if (length === undefined || held.length < length) return;
        const pdu = decodePdu(held.subarray(0, length));
        held = held.subarray(length);
        take(pdu);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
