/** CLDAP: a ping and its answer over the wire, and what becomes of garbage. */
import { createSocket } from 'node:dgram';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ActiveDirectoryError } from '../errors.ts';
import { decodePing, decodePong, encodePing, encodePong } from './message.ts';
import { decodeNetlogonResponse, encodeNetlogonResponse } from './netlogon.ts';
import { pingDomainController } from './ping.ts';
import { listenCldap } from './responder.ts';

const response = {
  flags: 0x3f3fd,
  domainGuid: '01234567-89ab-cdef-0123-456789abcdef',
  forestName: 'example.com',
  domainName: 'corp.example.com',
  hostName: 'dc1.corp.example.com',
  netbiosDomainName: 'CORP',
  netbiosComputerName: 'DC1',
  userName: '',
  dcSiteName: 'Default-First-Site-Name',
  clientSiteName: 'Default-First-Site-Name',
};
const netlogon = encodeNetlogonResponse(response);

it('reads what it wrote', () => {
  expect(decodeNetlogonResponse(netlogon)).toEqual(response);
  const ping = decodePing(encodePing(77, 'corp.example.com'));
  expect(ping.messageId).toBe(77);
  expect(ping.conditions.get('dnsdomain')?.toString()).toBe('corp.example.com');
  expect(decodePong(encodePong(77, netlogon))).toEqual({ messageId: 77, netlogon });
  expect(decodePong(encodePong(77, undefined))).toEqual({ messageId: 77, netlogon: undefined });
});

it.each([
  ['ping', encodePing(1, 'corp.example.com'), decodePing],
  ['answer', encodePong(1, netlogon), decodePong],
  ['NETLOGON value', netlogon, decodeNetlogonResponse],
] as const)('raises no other error than its own for a damaged %s', (_, bytes, decode) => {
  const attempt = (input: Buffer) => {
    try {
      decode(input);
    } catch (error) {
      expect(error).toBeInstanceOf(ActiveDirectoryError);
    }
  };
  for (let length = 0; length < bytes.length; length++) attempt(bytes.subarray(0, length));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(bytes);
      changed[at] = byte;
      attempt(changed);
    }),
    { seed: 4, numRuns: 3000 },
  );
});

it('gives up on a name that points to itself, forwards, or through many labels', () => {
  const value = (names: Buffer) => Buffer.concat([netlogon.subarray(0, 24), names]);
  for (const names of [Buffer.of(0xc0, 24), Buffer.of(0xc0, 30, 0, 0, 0, 0, 0), Buffer.alloc(60_000, 1)])
    expect(() => decodeNetlogonResponse(value(names))).toThrow(ActiveDirectoryError);
});

it('answers a ping after any garbage, and listens only to the answer to its own', async () => {
  const responder = await listenCldap(response);
  const client = createSocket('udp4');
  for (let size = 0; size < 300; size += 7)
    client.send(Buffer.alloc(size, size), responder.port, '127.0.0.1');
  const answer = await pingDomainController({ host: '127.0.0.1', port: responder.port }, 'corp.example.com');
  expect(answer).toEqual(response);
  client.close();
  await responder.close();

  const liar = createSocket('udp4');
  liar.on('message', (_, { port }) => liar.send(encodePong(0, netlogon), port, '127.0.0.1'));
  await new Promise<void>((done) => liar.bind(0, '127.0.0.1', done));
  const liarsPort = liar.address().port;
  await expect(
    pingDomainController({ host: '127.0.0.1', port: liarsPort }, 'corp.example.com', 300),
  ).rejects.toMatchObject({ code: 'dc-timeout' });
  liar.close();
});
