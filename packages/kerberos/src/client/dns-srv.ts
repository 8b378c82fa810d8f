/**
 * SRV records by our own question (RFC 1035, RFC 2782). node:dns refuses answers whose target is compressed, as
 * RFC 2782 wants it; Samba's DNS compresses, and RFC 3597 section 4 has readers take it. So this reads them.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';

const TYPE_SRV = 33;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const DATAGRAM = 1232;
const MAX_RECORDS = 256;
const MAX_POINTERS = 32;
const HEADER = 12;
const TRUNCATED = 0x0200;
const RESPONSE = 0x8000;
const RCODE = {
  0: undefined,
  1: 'EFORMERR',
  2: 'ESERVFAIL',
  3: 'ENOTFOUND',
  4: 'ENOTIMP',
  5: 'EREFUSED',
} as const;

/** RFC 2782 */
export interface SrvRecord {
  name: string;
  port: number;
  priority: number;
  weight: number;
}

/** An error with the `code` that node:dns would give. */
const failure = (code: string) => Object.assign(new Error(`DNS: ${code}`), { code });

/**
 * Asks one server, over UDP and where the answer is cut over TCP.
 * @param server an address, with `:port` where it is not 53, as `dns.getServers()` gives it
 * @param timeout milliseconds for each of the two
 */
export async function askSrv(server: string, name: string, timeout: number): Promise<SrvRecord[]> {
  const { host, port } = serverAddress(server);
  const question = encodeQuestion(name);
  const answer = await overUdp(host, port, question, timeout);
  const cut = answer.length >= HEADER && (answer.readUInt16BE(2) & TRUNCATED) !== 0;
  return readSrvAnswer(cut ? await overTcp(host, port, question, timeout) : answer, question);
}

function serverAddress(server: string): { host: string; port: number } {
  if (isIPv6(server)) return { host: server, port: 53 };
  const [, host = server, port = '53'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(server) ?? [];
  return { host, port: Number(port) };
}

/** Header, one question, and an OPT record that allows a larger datagram (RFC 6891). */
export function encodeQuestion(name: string): Buffer {
  const head = Buffer.alloc(HEADER);
  randomBytes(2).copy(head);
  head[2] = 1; // recursion desired
  head[5] = 1; // questions
  head[11] = 1; // additional records
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  if (labels.some(({ length }) => length === 0 || length > 63)) throw failure('EBADNAME');
  const parts = labels.flatMap((label) => [Buffer.of(label.length), label]);
  const type = Buffer.from([0, 0, TYPE_SRV, 0, CLASS_IN]);
  const opt = Buffer.from([0, 0, TYPE_OPT, DATAGRAM >> 8, DATAGRAM & 0xff, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...parts, type, opt]);
}

/** @throws Error with a code: `ENOTFOUND`, `ENODATA`, `EBADRESP` where it is malformed or no answer to that question */
export function readSrvAnswer(answer: Buffer, question: Buffer): SrvRecord[] {
  try {
    return readRecords(answer, question);
  } catch (error) {
    if (error instanceof RangeError) throw failure('EBADRESP'); // it ends inside a field
    throw error;
  }
}

function readRecords(answer: Buffer, question: Buffer): SrvRecord[] {
  const flags = answer.readUInt16BE(2);
  const asked = readName(question, HEADER);
  const echoed = readName(answer, HEADER);
  const ours =
    answer.readUInt16BE(0) === question.readUInt16BE(0) &&
    (flags & RESPONSE) !== 0 &&
    answer.readUInt16BE(4) === 1 &&
    echoed.name.toLowerCase() === asked.name.toLowerCase();
  if (!ours) throw failure('EBADRESP');
  const code = flags & 0xf;
  if (code !== 0) throw failure(RCODE[code as keyof typeof RCODE] ?? 'ESERVFAIL'); // the rest has no name there
  const count = answer.readUInt16BE(6);
  if (count > MAX_RECORDS) throw failure('EBADRESP');
  const records: SrvRecord[] = [];
  let at = echoed.end + 4;
  for (let i = 0; i < count; i++) {
    const fixed = readName(answer, at).end;
    const data = fixed + 10;
    const end = data + answer.readUInt16BE(fixed + 8);
    if (answer.readUInt16BE(fixed) === TYPE_SRV && answer.readUInt16BE(fixed + 2) === CLASS_IN) {
      const [priority, weight, port] = [data, data + 2, data + 4].map((place) => answer.readUInt16BE(place));
      const { name } = readName(answer, data + 6);
      records.push({ name, priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0 });
    }
    at = end;
  }
  if (records.length === 0) throw failure('ENODATA');
  return records;
}

/** A name, following pointers a bounded number of times, and where it ends in its own place. */
function readName(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let pointers = 0, length = 0; ; ) {
    const size = bytes.readUInt8(at);
    if (size === 0) return { name: labels.join('.'), end: end ?? at + 1 };
    if (size >= 0xc0) {
      end ??= at + 2;
      if (++pointers > MAX_POINTERS) throw failure('EBADRESP');
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > 255 || at + 1 + size > bytes.length) throw failure('EBADRESP');
    labels.push(bytes.toString('latin1', at + 1, at + 1 + size));
    at += size + 1;
  }
}

function overUdp(host: string, port: number, question: Buffer, timeout: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const timer = setTimeout(() => reject(failure('ETIMEOUT')), timeout);
  // Connected: only this server's datagrams come in. One with another number than ours is somebody's guess.
  socket.connect(port, host);
  socket.once('connect', () => socket.send(question));
  socket.on('message', (answer) => {
    if (Buffer.compare(answer.subarray(0, 2), question.subarray(0, 2)) === 0) resolve(answer);
  });
  socket.once('error', reject);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function overTcp(host: string, port: number, question: Buffer, timeout: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(question.length);
  let received = Buffer.alloc(0);
  const socket = connect(port, host, () => socket.write(Buffer.concat([length, question])));
  const timer = setTimeout(() => reject(failure('ETIMEOUT')), timeout);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const expected = received.length < 2 ? Infinity : 2 + received.readUInt16BE(0);
    if (received.length >= expected) resolve(received.subarray(2, expected));
  });
  socket.once('error', reject);
  socket.once('close', () => reject(failure('ECONNREFUSED')));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
