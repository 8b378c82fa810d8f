/** UDP with its fall-back to TCP, and several KDCs in order, against sockets that misbehave on purpose. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KRB_ERROR_CODES } from '../iana/error-codes.ts';
import { krbtgt } from '../messages/common.ts';
import { KrbError } from '../messages/krb-error.ts';
import { realmTransport } from './realm-transport.ts';
import type { KdcAddress } from './transport.ts';
import { udpThenTcp, udpTransport } from './udp.ts';

const QUICK = { udpWait: 40, tcpTimeout: 300 };
const message = Buffer.from('request');
const error = (name: 'RESPONSE_TOO_BIG' | 'SVC_UNAVAILABLE') =>
  Buffer.from(
    KrbError.encode({
      ...{ pvno: 5, msgType: 30, stime: new Date(0), susec: 0, realm: 'A.TEST', sname: krbtgt('A.TEST') },
      errorCode: KRB_ERROR_CODES[name].code,
    }),
  );

interface Kdc extends KdcAddress {
  udpAsked: number;
  tcpAsked: number;
}
let closing: (() => void)[] = [];
beforeEach(() => {
  closing = [];
});
afterEach(() => {
  for (const close of closing) close();
});

/** A KDC on one port for both protocols; a protocol without an answer stays silent. */
async function kdc(answers: { udp?: (n: number) => Buffer | undefined; tcp?: Buffer }): Promise<Kdc> {
  const sockets = new Set<Socket>();
  const counted: Kdc = { host: '127.0.0.1', port: 0, udpAsked: 0, tcpAsked: 0 };
  const tcp = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => {
      counted.tcpAsked++;
      if (!answers.tcp) return;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(answers.tcp.length);
      socket.write(Buffer.concat([length, answers.tcp]));
    });
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  counted.port = typeof address === 'object' && address ? address.port : 0;
  const udp = createSocket('udp4', (_, from) => {
    const answer = answers.udp?.(++counted.udpAsked);
    if (answer) udp.send(answer, from.port, from.address);
  });
  udp.bind(counted.port, '127.0.0.1');
  await once(udp, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
    udp.close();
  });
  return counted;
}

test('a datagram that is lost is sent again', async () => {
  const at = await kdc({ udp: (n) => (n === 1 ? undefined : Buffer.from('answer')) });
  expect(String(await udpTransport(at, 40)(message))).toBe('answer');
  expect(at).toMatchObject({ udpAsked: 2, tcpAsked: 0 });
});

test('TCP takes over where an answer is too big, where none comes, and for a large request', async () => {
  const big = await kdc({ udp: () => error('RESPONSE_TOO_BIG'), tcp: Buffer.from('tcp') });
  expect(String(await udpThenTcp(big, QUICK)(message))).toBe('tcp');
  const silent = await kdc({ tcp: Buffer.from('tcp') });
  expect(String(await udpThenTcp(silent, QUICK)(message))).toBe('tcp');
  const fits = await kdc({ udp: () => Buffer.from('udp'), tcp: Buffer.from('tcp') });
  expect(String(await udpThenTcp(fits, QUICK)(message))).toBe('udp');
  expect(String(await udpThenTcp(fits, QUICK)(Buffer.alloc(2000)))).toBe('tcp');
  expect(fits).toMatchObject({ udpAsked: 1, tcpAsked: 1 });
});

test('a closed port is told at once, a silent one after the wait', async () => {
  const gone = await kdc({});
  for (const close of closing) close();
  closing = [];
  await expect(udpTransport(gone, 5000)(message)).rejects.toMatchObject({ code: 'kdc-unreachable' });
  const silent = await kdc({});
  await expect(udpThenTcp(silent, QUICK)(message)).rejects.toMatchObject({ code: 'kdc-timeout' });
});

test('the next KDC is asked where one is silent or cannot serve, and the one that answered comes first', async () => {
  const silent = await kdc({});
  const busy = await kdc({ udp: () => error('SVC_UNAVAILABLE') });
  const good = await kdc({ udp: () => Buffer.from('good') });
  const transport = realmTransport({ known: { 'A.TEST': [silent, busy, good] }, ...QUICK });
  expect(String(await transport(message, 'A.TEST'))).toBe('good');
  const before = silent.udpAsked;
  expect(String(await transport(message, 'A.TEST'))).toBe('good');
  expect(silent.udpAsked).toBe(before);
  expect(good.udpAsked).toBe(2);
});

test('DNS is asked once for a realm, and again when none of its KDCs answers', async () => {
  const silent = await kdc({});
  const good = await kdc({ udp: () => Buffer.from('good') });
  let asked = 0;
  const resolve = (name: string) => {
    if (name.includes('_tcp')) asked++;
    const { host, port } = asked === 1 ? silent : good;
    return Promise.resolve([{ name: host, port, priority: 0, weight: 0 }]);
  };
  const transport = realmTransport({ resolve, ...QUICK });
  await expect(transport(message, 'A.TEST')).rejects.toMatchObject({ code: 'kdc-timeout' });
  expect(String(await transport(message, 'A.TEST'))).toBe('good');
  expect(String(await transport(message, 'A.TEST'))).toBe('good');
  expect(asked).toBe(2);
});
