/** The endpoint mapper's exchange as impacket and Samba had it. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RECORDED } from '../../test/vectors.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { decodeBindAck } from './bind.ts';
import { decodeEptMap, encodeEptMap, encodeTower, findEndpoint } from './endpoint-mapper.ts';
import { decodePdu, PDU } from './pdu.ts';
import { SYNTAX } from './syntax.ts';

const { eptFragments, eptPort, eptRequest, eptResponse, drsBindAck } = RECORDED;

it("finds the port in Samba's recorded answers", async () => {
  const server = createServer((socket) => {
    let next = 0;
    socket.on('data', (data) => {
      const answer = Buffer.from(eptFragments[next++] ?? Buffer.alloc(0));
      answer.writeUInt32LE(data.readUInt32LE(12), 12); // the recorded call had another number
      socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  try {
    expect(await findEndpoint('127.0.0.1', SYNTAX.DRSUAPI, { port })).toBe(eptPort);
  } finally {
    server.close();
  }
});

it('asks with the tower that impacket asks with, and for any object', () => {
  const tower = encodeTower(SYNTAX.DRSUAPI);
  expect(eptRequest.includes(tower)).toBe(true);
  expect(encodeEptMap(SYNTAX.DRSUAPI).subarray(0, 4).readUInt32LE()).toBe(0);
});

it('says where no such interface is registered', () => {
  const none = Buffer.concat([Buffer.alloc(24 + 12), Buffer.from('d6a0c916', 'hex')]);
  expect(decodeEptMap(none)).toEqual([]);
  none.writeUInt32LE(1, none.length - 4);
  expect(() => decodeEptMap(none)).toThrow(expect.objectContaining({ code: 'rpc-refused' }));
});

it("reads Samba's bind_ack, with a token of its mechanism", () => {
  const pdu = decodePdu(drsBindAck);
  expect(decodeBindAck(pdu, PDU.BIND_ACK)).toMatchObject({ maxReceive: 4280, headerSigning: false });
  expect(Buffer.from(pdu.verifier?.token ?? []).toString('latin1', 0, 7)).toBe('NTLMSSP');
});

it('raises no other error than the package has for damaged answers', () => {
  const attempt = (read: () => unknown) => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(ActiveDirectoryError);
    }
  };
  for (let length = 0; length < eptResponse.length; length++)
    expect(() => decodeEptMap(eptResponse.subarray(0, length))).toThrow(ActiveDirectoryError);
  const arrived = [...eptFragments, drsBindAck];
  fc.assert(
    fc.property(fc.nat(2), fc.nat(300), fc.nat(255), fc.boolean(), (which, at, byte, cut) => {
      const bytes = Buffer.from(arrived[which] ?? []);
      bytes[at % bytes.length] = byte;
      attempt(() => decodeBindAck(decodePdu(cut ? bytes.subarray(0, at) : bytes), PDU.BIND_ACK));
      attempt(() => decodeEptMap(decodePdu(bytes).body.subarray(8)));
    }),
    { seed: 5, numRuns: 5000 },
  );
});
