/** SRV answers as they come from Samba (recorded) and from those who mean harm. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askSrv, encodeQuestion, readSrvAnswer } from './dns-srv.ts';
import { srvResolver } from './locate.ts';

const NAME = '_kerberos._tcp.corp.example.com';
/** Answer of Samba 4.17's DNS to that question, after the number: its target is compressed. */
const SAMBA = Buffer.from(
  '85000001000100010000095f6b65726265726f73045f74637004636f7270076578616d706c6503636f6d0000210001c00c00210001' +
    '00000384000c00000064005803646331c01bc01b0006000100000e100023c0430a686f73746d6173746572c01b00000001000003' +
    '84000002580001518000000e10',
  'hex',
);
const DC1 = { name: 'dc1.corp.example.com', port: 88, priority: 0, weight: 100 };
const question = encodeQuestion(NAME);
const answerTo = (asked: Uint8Array, body: Uint8Array = SAMBA) => Buffer.concat([asked.subarray(0, 2), body]);
const changed = (at: number, ...bytes: number[]) => {
  const answer = answerTo(question);
  answer.set(bytes, at);
  return answer;
};
const code = (wanted: string) => expect.objectContaining({ code: wanted });

test('a compressed target is read', () => {
  expect(readSrvAnswer(answerTo(question), question)).toEqual([DC1]);
});

test('what DNS says instead of records is told apart', () => {
  expect(() => readSrvAnswer(changed(3, 3), question)).toThrow(code('ENOTFOUND'));
  expect(() => readSrvAnswer(changed(3, 2), question)).toThrow(code('ESERVFAIL'));
  expect(() => readSrvAnswer(changed(6, 0, 0), question)).toThrow(code('ENODATA'));
});

test('an answer to another question, or none at all, is refused', () => {
  expect(() => readSrvAnswer(changed(0, (question[0] ?? 0) ^ 1), question)).toThrow(code('EBADRESP'));
  expect(() => readSrvAnswer(changed(2, 0x05), question)).toThrow(code('EBADRESP'));
  expect(() => readSrvAnswer(changed(13, 0x41), question)).toThrow(code('EBADRESP'));
  expect(() => readSrvAnswer(answerTo(question), encodeQuestion('_kerberos._tcp.other.test'))).toThrow(
    code('EBADRESP'),
  );
});

test('damage and loops of pointers end in an error with a code', () => {
  const target = SAMBA.indexOf(Buffer.from('c01bc01b', 'hex')) + 2;
  expect(() => readSrvAnswer(changed(target, 0xc0, target), question)).toThrow(code('EBADRESP'));
  for (let length = 0; length < 73; length++)
    expect(() => readSrvAnswer(answerTo(question).subarray(0, length), question)).toThrow(code('EBADRESP'));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(SAMBA.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const body = Buffer.from(SAMBA);
      for (const [at, byte] of changes) body[at] = byte;
      try {
        readSrvAnswer(answerTo(question, body), question);
      } catch (error) {
        expect(error).toHaveProperty('code');
      }
    }),
    { seed: 9, numRuns: 3000 },
  );
  expect(() => encodeQuestion('a..b')).toThrow(code('EBADNAME'));
});

test('a server is asked over UDP, over TCP where the answer is cut, and after node:dns gave up', async () => {
  const udp = createSocket('udp4', (asked, from) => {
    const cut = asked.includes('cut') ? Buffer.from('87000000000000000000', 'hex') : SAMBA;
    udp.send(answerTo(asked, cut), from.port, from.address);
  });
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  const tcp = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (asked) => {
      const name = asked.subarray(2 + 12, asked.length - 15);
      const body = Buffer.concat([SAMBA.subarray(0, 10), name, SAMBA.subarray(10 + NAME.length + 2)]);
      const answer = answerTo(asked.subarray(2), body);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    });
  }).listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  try {
    const server = `127.0.0.1:${port}`;
    expect(await askSrv(server, NAME, 500)).toEqual([DC1]);
    expect(await srvResolver([server])(NAME)).toEqual([DC1]);
    const cut = await askSrv(server, '_kerberos._cut.corp.example.com', 500);
    expect(cut).toMatchObject([{ port: 88, weight: 100 }]);
  } finally {
    udp.close();
    tcp.close();
  }
  await expect(askSrv(`127.0.0.1:${port}`, NAME, 500)).rejects.toHaveProperty('code');
});
