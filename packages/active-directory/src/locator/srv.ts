/**
 * SRV look-ups that a domain controller's own DNS server can answer. Node's resolver (c-ares 1.34) refuses an
 * answer whose target is compressed (RFC 2782 forbids it), and Samba's internal DNS sends just that (measured on
 * 4.17): such an answer is asked for again and read by dns-packet.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import dnsPacket, { type SrvAnswer } from 'dns-packet';

export interface SrvRecord {
  name: string;
  port: number;
  priority: number;
  weight: number;
}

const TIMEOUT = 3_000;
const MAX_ANSWER = 65_535;

/**
 * The SRV records of a name.
 * @param servers addresses (`192.0.2.1`, `[::1]:53`); the system's unless given
 * @throws Error with node:dns's `code` (`ENOTFOUND`, `ENODATA`, `ETIMEOUT`, ...)
 */
export async function resolveSrv(name: string, servers?: readonly string[]): Promise<SrvRecord[]> {
  const resolver = new Resolver({ timeout: TIMEOUT, tries: 2 });
  if (servers) resolver.setServers(servers);
  try {
    return await resolver.resolveSrv(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBADRESP') throw error; // node:dns throws ErrnoException
    for (const server of resolver.getServers()) {
      const records = await ask(server, name).catch(() => undefined);
      if (records) return records;
    }
    throw error;
  }
}

async function ask(server: string, name: string): Promise<SrvRecord[]> {
  const { hostname, port } = new URL(
    `dns://${server.includes(':') && !/[\].]/.test(server) ? `[${server}]` : server}`,
  );
  const address = { host: hostname.replace(/[[\]]/g, ''), port: Number(port || 53) };
  const id = randomInt(0x10000);
  const query = dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'SRV', name }],
  });
  let answer = dnsPacket.decode(await overUdp(address, query));
  if (answer.flag_tc) answer = dnsPacket.decode(await overTcp(address, query));
  const [question] = answer.questions ?? [];
  if (answer.id !== id || question?.name.toLowerCase() !== name.toLowerCase())
    throw new Error('not the answer to this question');
  return (answer.answers ?? [])
    .filter((record): record is SrvAnswer => record.type === 'SRV')
    .map(({ data }) => ({
      name: data.target,
      port: data.port,
      priority: data.priority ?? 0,
      weight: data.weight ?? 0,
    }));
}

function overUdp({ host, port }: { host: string; port: number }, query: Buffer): Promise<Buffer> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise<Buffer>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', resolve);
    socket.on('connect', () => socket.send(query));
    socket.connect(port, host);
    setTimeout(() => reject(new Error('timeout')), TIMEOUT).unref();
  }).finally(() => socket.close());
}

function overTcp({ host, port }: { host: string; port: number }, query: Buffer): Promise<Buffer> {
  const socket = connect({ host, port, timeout: TIMEOUT });
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('timeout', () => reject(new Error('timeout')));
    socket.on('close', () => reject(new Error('closed')));
    socket.on('connect', () =>
      socket.write(Buffer.concat([Buffer.of(query.length >> 8, query.length & 0xff), query])),
    );
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? MAX_ANSWER : received.readUInt16BE();
      if (received.length >= 2 + length) resolve(received.subarray(2, 2 + length));
    });
  }).finally(() => socket.destroy());
}
