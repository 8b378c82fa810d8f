/** The endpoint mapper: which TCP port an interface has (C706 appendix O, ept_map; towers: appendix L). */
import { NdrWriter } from '@kennel/kerberos';
import { guidBytes } from '../cldap/netlogon.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { RpcConnection } from './connection.ts';
import { readStub } from './stub.ts';
import { SYNTAX, type Syntax } from './syntax.ts';

const EPT_MAP = 3;
const PORT = 135;
const FLOOR = { UUID: 0x0d, RPC_CONNECTION: 0x0b, TCP: 0x07, IP: 0x09 } as const;
const MAX_TOWERS = 4;
const HANDLE = 20;
const NOT_REGISTERED = 0x16c9a0d6;

function floor(left: Uint8Array, right: Uint8Array): Buffer {
  const length = (bytes: Uint8Array) => Buffer.from([bytes.length & 0xff, bytes.length >> 8]);
  return Buffer.concat([length(left), left, length(right), right]);
}

const syntaxFloor = ({ uuid, version }: Syntax) =>
  floor(
    Buffer.concat([Buffer.of(FLOOR.UUID), guidBytes(uuid), Buffer.of(version, 0)]),
    Buffer.alloc(2), // minor version
  );

/** The tower that asks: the interface in NDR over RPC over TCP, at any port and address. */
export function encodeTower(syntax: Syntax): Buffer {
  const floors = [
    syntaxFloor(syntax),
    syntaxFloor(SYNTAX.NDR),
    floor(Buffer.of(FLOOR.RPC_CONNECTION), Buffer.alloc(2)),
    floor(Buffer.of(FLOOR.TCP), Buffer.alloc(2)),
    floor(Buffer.of(FLOOR.IP), Buffer.alloc(4)),
  ];
  return Buffer.concat([Buffer.of(floors.length, 0), ...floors]);
}

/** The TCP port of a tower, or undefined where it has none. */
export function towerPort(tower: Buffer): number | undefined {
  const input = readStub(tower);
  const unaligned = () => input.bytes(2).readUInt16LE(0);
  for (let floors = unaligned(); floors > 0; floors--) {
    const left = input.bytes(unaligned());
    const right = input.bytes(unaligned());
    if (left[0] === FLOOR.TCP && right.length === 2) return right.readUInt16BE(0) || undefined;
  }
  return undefined;
}

/** The stub of ept_map. */
export function encodeEptMap(syntax: Syntax): Buffer {
  const tower = encodeTower(syntax);
  const out = new NdrWriter();
  out.pointer(undefined, () => undefined); // any object
  out.pointer(tower, (bytes) => {
    out.u32(bytes.length);
    out.u32(bytes.length);
    out.bytes(bytes);
  });
  out.flush();
  out.align(4);
  out.bytes(Buffer.alloc(HANDLE));
  out.u32(MAX_TOWERS);
  return out.result();
}

/** The ports of ept_map's answer. @throws ActiveDirectoryError `rpc-malformed`, `rpc-refused` */
export function decodeEptMap(stub: Uint8Array): number[] {
  const input = readStub(stub);
  input.bytes(HANDLE);
  const number = input.u32();
  input.count(0);
  const offset = input.u32();
  const actual = input.count(4, number);
  if (offset !== 0 || actual > MAX_TOWERS)
    throw new ActiveDirectoryError('rpc-malformed', 'The endpoint mapper answered more than was asked.');
  const present = Array.from({ length: actual }, () => input.pointer());
  const ports: number[] = [];
  for (const there of present) {
    if (!there) continue;
    const length = input.count(1);
    input.count(1, length);
    const port = towerPort(input.bytes(length));
    if (port !== undefined) ports.push(port);
  }
  const status = input.u32();
  if (status !== 0 && status !== NOT_REGISTERED)
    throw new ActiveDirectoryError('rpc-refused', 'The endpoint mapper refused to answer.', { status });
  return ports;
}

/**
 * Asks the server's endpoint mapper (TCP 135, unprotected: the port it names is proven by what is bound there).
 * @throws ActiveDirectoryError `rpc-refused` where the interface has no TCP port there; those of `RpcConnection.open`
 */
export async function findEndpoint(
  host: string,
  syntax: Syntax,
  options: { port?: number; timeout?: number } = {},
): Promise<number> {
  const { port = PORT, ...rest } = options;
  const rpc = await RpcConnection.open({ host, port }, SYNTAX.ENDPOINT_MAPPER, rest);
  try {
    const [found] = decodeEptMap(await rpc.call(EPT_MAP, encodeEptMap(syntax)));
    if (found !== undefined) return found;
  } finally {
    rpc.close();
  }
  throw new ActiveDirectoryError(
    'rpc-refused',
    `The server ${host} does not offer directory replication. Name a domain controller.`,
  );
}
