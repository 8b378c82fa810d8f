/** Just enough DCE/RPC ([C706], [MS-RPCE] 2.2.2.11) to call the endpoint mapper over a sealed connection. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { DCE_TOKEN_LENGTH, type GssContext, type GssParty } from '@kennel/kerberos';

const PTYPE = { REQUEST: 0, RESPONSE: 2, BIND: 11, BIND_ACK: 12, ALTER: 14, ALTER_RESP: 15 } as const;
const FIRST_AND_LAST = 3;
const HEADER_SIGN = 4;
const PRIVACY = 6;
const HEADER = 24;
const VERIFIER = 8;
const FRAGMENT = 5840;
export const AUTH_TYPE = { SPNEGO: 9, KERBEROS: 16 } as const;

/** A UUID as DCE/RPC writes it: the first three fields little-endian. */
export function uuid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
const le16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);
const le32 = (value: number) => Buffer.concat([le16(value & 0xffff), le16(value >>> 16)]);

const NDR = Buffer.concat([uuid('8a885d04-1ceb-11c9-9fe8-08002b104860'), le32(2)]);
const EPMAPPER = Buffer.concat([uuid('e1af8308-5d1f-11c9-91a4-08002b14a0fa'), le32(3)]);
const EPT_MAP = 3;

export class SealedRpc {
  readonly #socket: Socket;
  readonly #authType: number;
  #buffer = Buffer.alloc(0);
  #call = 0;
  #context: GssContext | undefined;
  /** Whether both sides sign headers too. */
  headerSigning = false;
  /** The last auth value that the server sent. */
  lastToken: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, authType: number) {
    this.#socket = socket;
    this.#authType = authType;
  }

  /** Binds to the endpoint mapper; the context stands after the third leg. */
  static async open(
    host: string,
    authType: number,
    party: GssParty,
    headerSigning: boolean,
  ): Promise<SealedRpc> {
    const socket = connect(135, host);
    await once(socket, 'connect');
    const rpc = new SealedRpc(socket, authType);
    let step = party.step();
    let context: GssContext | undefined;
    let ptype: number = PTYPE.BIND;
    while (step.token) {
      const flags = FIRST_AND_LAST | (headerSigning && ptype === PTYPE.BIND ? HEADER_SIGN : 0);
      const answer = await rpc.#exchange(ptype, flags, bindBody(), step.token);
      if (ptype === PTYPE.BIND) rpc.headerSigning = ((answer[3] ?? 0) & HEADER_SIGN) !== 0;
      context = step.context ?? context;
      const authLength = answer.readUInt16LE(10);
      if (authLength === 0) break;
      step = party.step(answer.subarray(answer.length - authLength));
      context = step.context ?? context;
      ptype = PTYPE.ALTER;
    }
    if (!context) throw new Error('no context');
    rpc.#context = context;
    return rpc;
  }

  close(): void {
    this.#socket.destroy();
  }

  #verifier(padding: number): Buffer {
    return Buffer.from([this.#authType, PRIVACY, padding, 0, 1, 0, 0, 0]);
  }

  async #read(): Promise<Buffer> {
    const length = () => (this.#buffer.length < 16 ? Infinity : this.#buffer.readUInt16LE(8));
    while (this.#buffer.length < length()) {
      const chunk: unknown = await Promise.race([
        once(this.#socket, 'data').then(([data]) => data),
        once(this.#socket, 'close').then(() => undefined),
      ]);
      if (!Buffer.isBuffer(chunk)) throw new Error('the server closed the connection');
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
    }
    const pdu = this.#buffer.subarray(0, length());
    this.#buffer = this.#buffer.subarray(pdu.length);
    return pdu;
  }

  #header(ptype: number, flags: number, length: number, authLength: number): Buffer {
    const fixed = Buffer.from([5, 0, ptype, flags, 0x10, 0, 0, 0]);
    return Buffer.concat([fixed, le16(length), le16(authLength), le32(++this.#call)]);
  }

  async #exchange(ptype: number, flags: number, body: Buffer, token: Uint8Array): Promise<Buffer> {
    const length = 16 + body.length + VERIFIER + token.length;
    this.#socket.write(
      Buffer.concat([this.#header(ptype, flags, length, token.length), body, this.#verifier(0), token]),
    );
    const answer = await this.#read();
    if (answer[2] !== PTYPE.BIND_ACK && answer[2] !== PTYPE.ALTER_RESP)
      throw new Error(`the bind was answered with type ${answer[2]}: ${answer.toString('hex')}`);
    return answer;
  }

  /** A sealed call; gives the stub of the answer. */
  async call(opnum: number, stub: Buffer): Promise<Buffer> {
    const context = this.#context;
    if (!context) throw new Error('not bound');
    const padding = (16 - (stub.length % 16)) % 16;
    const padded = Buffer.concat([stub, Buffer.alloc(padding)]);
    const length = HEADER + padded.length + VERIFIER + DCE_TOKEN_LENGTH;
    const head = Buffer.concat([
      this.#header(PTYPE.REQUEST, FIRST_AND_LAST, length, DCE_TOKEN_LENGTH),
      ...[le32(stub.length), le16(0), le16(opnum)],
    ]);
    const verifier = this.#verifier(padding);
    const around = (data: Buffer) => (this.headerSigning ? [{ data, sealed: false }] : []);
    const sealed = context.wrapParts([...around(head), { data: padded, sealed: true }, ...around(verifier)]);
    const cipher = sealed.parts[this.headerSigning ? 1 : 0] ?? Buffer.alloc(0);
    this.#socket.write(Buffer.concat([head, cipher, verifier, sealed.token]));

    const answer = await this.#read();
    const authLength = answer.readUInt16LE(10);
    if (answer[2] !== PTYPE.RESPONSE) throw new Error(`a fault: ${answer.toString('hex')}`);
    const end = answer.length - authLength - VERIFIER;
    this.lastToken = answer.subarray(answer.length - authLength);
    const opened = context.unwrapParts(this.lastToken, [
      ...around(answer.subarray(0, HEADER)),
      { data: answer.subarray(HEADER, end), sealed: true },
      ...around(answer.subarray(end, end + VERIFIER)),
    ]);
    const plain = opened[this.headerSigning ? 1 : 0] ?? Buffer.alloc(0);
    return plain.subarray(0, plain.length - (answer[end + 2] ?? 0));
  }

  /** The TCP port of an interface (ept_map, [C706] appendix O). */
  async portOf(interfaceId: string, version: number): Promise<number> {
    const floor = (left: Buffer, right: Buffer) =>
      Buffer.concat([le16(left.length), left, le16(right.length), right]);
    const syntax = (id: Buffer, major: number) =>
      floor(Buffer.concat([Buffer.of(0x0d), id, le16(major)]), le16(0));
    const tower = Buffer.concat([
      le16(5),
      syntax(uuid(interfaceId), version),
      syntax(NDR.subarray(0, 16), 2),
      floor(Buffer.of(0x0b), le16(0)),
      floor(Buffer.of(0x07), le16(0)),
      floor(Buffer.of(0x09), le32(0)),
    ]);
    const alignment = Buffer.alloc((4 - (tower.length % 4)) % 4);
    const stub = Buffer.concat([
      ...[le32(0), le32(1), le32(tower.length), le32(tower.length), tower, alignment],
      ...[Buffer.alloc(20), le32(1)],
    ]);
    const answer = await this.call(EPT_MAP, stub);
    const at = answer.indexOf(Buffer.from([0x01, 0x00, 0x07, 0x02, 0x00]));
    if (answer.readUInt32LE(answer.length - 4) !== 0 || at < 0) throw new Error('the interface is not there');
    return answer.readUInt16BE(at + 5);
  }
}

function bindBody(): Buffer {
  const context = [le16(0), Buffer.from([1, 0]), EPMAPPER, NDR];
  return Buffer.concat([le16(FRAGMENT), le16(FRAGMENT), le32(0), Buffer.from([1, 0, 0, 0]), ...context]);
}
