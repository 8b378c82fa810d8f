/** The listeners under half messages, giant lengths, slow and greedy senders, many connections, and datagrams of any kind. */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { AsRep, decodeDer, describeErrorCode, KrbError, TgsRep } from '@kennel/kerberos';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mitRequest } from '../test/requests.ts';
import { smallRealm } from '../test/small-realm.ts';
import { createKdc, type Kdc } from './kdc.ts';
import { type KdcListener, listenKdc } from './listeners.ts';

const recorded = mitRequest('asReq');
const framed = (message: Uint8Array) => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(message.length);
  return Buffer.concat([header, message]);
};
const request = framed(recorded.message);

let listener: KdcListener;
let kdc: Kdc;
const sockets: Socket[] = [];
beforeEach(async () => {
  kdc = createKdc(smallRealm(), { now: () => recorded.time });
  listener = await listenKdc(kdc, { requestTimeout: 300, maxConnections: 20 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
});

function open(): { socket: Socket; received: () => Buffer; closed: Promise<unknown> } {
  const socket = connect(listener.port, listener.host);
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  // A byte that crosses the listener's end is answered by a reset: that connection has ended, too.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  return { socket, received: () => Buffer.concat(chunks), closed };
}

/** The messages in what a connection received. */
function messages(received: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= received.length; at += 4 + received.readUInt32BE(at))
    found.push(received.subarray(at + 4, at + 4 + received.readUInt32BE(at)));
  return found;
}

async function signsIn(): Promise<void> {
  const { socket, received } = open();
  socket.write(request);
  await expect.poll(() => messages(received()).length).toBe(1);
  decodeDer(AsRep, messages(received())[0] ?? new Uint8Array(0));
}

const errorOf = (reply: Uint8Array = new Uint8Array(0)) =>
  describeErrorCode(decodeDer(KrbError, reply).errorCode)?.name;

it('answers a request that comes byte by byte, and several in one piece', async () => {
  const { socket, received } = open();
  socket.setNoDelay(true);
  for (const byte of request) {
    socket.write(Uint8Array.of(byte));
    if (byte % 16 === 0) await wait(0);
  }
  await expect.poll(() => messages(received()).length).toBe(1);
  socket.write(Buffer.concat([request, request, request]));
  await expect.poll(() => messages(received()).length).toBe(4);
  for (const message of messages(received())) decodeDer(AsRep, message);
});

it('ends connections that send half a message, or nothing, or one byte now and then', async () => {
  const half = open();
  half.socket.write(request.subarray(0, request.length / 2));
  const silent = open();
  const slow = open();
  let at = 0;
  const drip = setInterval(() => slow.socket.write(request.subarray(at, ++at)), 50);
  await Promise.all([half.closed, silent.closed, slow.closed]);
  clearInterval(drip);
  expect(slow.received()).toHaveLength(0);
  await signsIn();
});

it.each([0x00010001, 0x7fffffff, 0x80000000, 0xffffffff])(
  'refuses a length of %i at once',
  async (length) => {
    const { socket, received, closed } = open();
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    socket.write(header);
    await closed;
    const [reply = Buffer.alloc(0)] = messages(received());
    expect(errorOf(reply)).toBe('FIELD_TOOLONG');
  },
);

it('does not work ahead for a client that takes no replies', async () => {
  let handled = 0;
  await listener.close();
  listener = await listenKdc(
    {
      ...kdc,
      handle: async () => {
        handled++;
        return new Uint8Array(60_000);
      },
    },
    { requestTimeout: 400 },
  );
  const socket = connect(listener.port, listener.host);
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.pause();
  const many = Buffer.concat(Array.from({ length: 2_000 }, () => framed(new Uint8Array(8))));
  socket.write(many);
  await wait(700);
  expect(handled).toBeGreaterThan(0);
  expect(handled).toBeLessThan(1_000); // what fits the buffers of the two sockets, not 120 MB
});

it('serves on when all its connections are taken and given back', async () => {
  const taken = Array.from({ length: 60 }, open);
  await Promise.all(taken.map(({ closed }) => closed));
  await signsIn();
});

it('answers datagrams, sends no error beyond three times their size, and survives any', async () => {
  const client = createSocket('udp4');
  const replies: Buffer[] = [];
  client.on('message', (message) => replies.push(message));
  await new Promise<void>((done) => client.connect(listener.port, listener.host, done));
  let seed = 1;
  const next = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff);
  const garbage = (size: number) => Buffer.from(Array.from({ length: size }, () => next() & 0xff));
  for (let size = 0; size < 33; size++) client.send(garbage(size));
  await wait(50);
  expect(replies).toEqual([]); // a KRB-ERROR is a hundred bytes
  for (let sent = 1; sent <= 200; sent++) {
    client.send(garbage(200 + (next() % 1200)));
    await expect.poll(() => replies.length, { interval: 1 }).toBe(sent);
  }
  replies.length = 0;
  client.send(Uint8Array.of(0x6a));
  const withoutPreauth = mitRequest('withoutPreauth').message;
  client.send(withoutPreauth);
  await expect.poll(() => replies.length).toBe(1);
  expect(replies[0]?.length).toBeLessThanOrEqual(3 * withoutPreauth.length);
  expect(errorOf(replies[0])).toBe('PREAUTH_REQUIRED');
  client.send(recorded.message);
  await expect.poll(() => replies.length).toBe(2);
  expect(errorOf(replies[1])).toBe('RESPONSE_TOO_BIG');
  client.send(mitRequest('tgsReq').message);
  await expect.poll(() => replies.length).toBe(3);
  decodeDer(TgsRep, replies[2] ?? new Uint8Array(0));
  client.close();
});
