/** Just enough LDAP (RFC 4511) with SASL (RFC 4752, and Samba's GSS-SPNEGO) to prove a security layer over port 389. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { GssContext, GssParty } from '@kennel/kerberos';
import { Cursor, tlv } from '../../packages/kerberos/src/der/primitives.ts';

const BIND_REQUEST = 0x60;
const BIND_RESPONSE = 0x61;
const SEARCH_REQUEST = 0x63;
const SEARCH_ENTRY = 0x64;
const SEARCH_DONE = 0x65;
const SASL_IN_PROGRESS = 14;
/** RFC 4752 section 3.3. */
export const LAYER = { NONE: 1, SIGN: 2, SEAL: 4 } as const;

const octets = (value: Uint8Array | string) => tlv(0x04, Buffer.from(value));

export class LdapSasl {
  readonly #socket: Socket;
  #buffer = Buffer.alloc(0);
  #id = 0;
  #context: GssContext | undefined;
  readonly #messages: Uint8Array[] = [];
  /** The frames of the last search's answer, as they came over the wire. */
  received: Buffer = Buffer.alloc(0);
  seal = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(host: string): Promise<LdapSasl> {
    const socket = connect(389, host);
    await once(socket, 'connect');
    return new LdapSasl(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #take(enough: (buffer: Buffer) => number): Promise<Buffer> {
    let length = enough(this.#buffer);
    while (length === 0 || this.#buffer.length < length) {
      const chunk: unknown = await Promise.race([
        once(this.#socket, 'data').then(([data]) => data),
        once(this.#socket, 'close').then(() => undefined),
      ]);
      if (!Buffer.isBuffer(chunk)) throw new Error('the server closed the connection');
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      length = enough(this.#buffer);
    }
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }

  /** Sends an operation, sealed once the security layer stands, and gives the operation of the answer. */
  async #exchange(operation: Uint8Array): Promise<Cursor> {
    const message = tlv(0x30, tlv(0x02, Uint8Array.of(++this.#id)), operation);
    const context = this.#context;
    if (context) {
      const token = context.wrap(message, { seal: this.seal });
      const length = Buffer.alloc(4);
      length.writeUInt32BE(token.length);
      this.#socket.write(Buffer.concat([length, token]));
    } else this.#socket.write(message);
    return this.#receive();
  }

  async #receive(): Promise<Cursor> {
    if (this.#context && this.#messages.length === 0) {
      const frame = await this.#take((buffer) => (buffer.length < 4 ? 0 : 4 + buffer.readUInt32BE()));
      this.received = Buffer.concat([this.received, frame]);
      const { data, sealed } = this.#context.unwrap(frame.subarray(4));
      if (sealed !== this.seal) throw new Error('another protection than was agreed upon');
      const messages = new Cursor(data);
      while (!messages.done) this.#messages.push(messages.raw());
    }
    const message = this.#messages.shift() ?? (await this.#take(messageLength));
    const answer = new Cursor(message).enter(0x30);
    answer.raw();
    return answer;
  }

  async #bind(
    mechanism: string,
    token: Uint8Array,
  ): Promise<{ more: boolean; token: Uint8Array | undefined }> {
    const sasl = tlv(0xa3, octets(mechanism), octets(token));
    const answer = await this.#exchange(tlv(BIND_REQUEST, tlv(0x02, Uint8Array.of(3)), octets(''), sasl));
    const response = answer.enter(BIND_RESPONSE);
    const code = response.enter(0x0a).rest()[0];
    response.raw();
    const text = Buffer.from(response.enter(0x04).rest()).toString();
    if (code !== 0 && code !== SASL_IN_PROGRESS) throw new Error(`bind failed with ${code}: ${text}`);
    return { more: code !== 0, token: response.peek() === 0x87 ? response.enter(0x87).rest() : undefined };
  }

  /** Binds with GSSAPI, and agrees on a security layer. */
  async bindGssapi(party: GssParty, layer: number): Promise<{ offered: number }> {
    let step = party.step();
    let context: GssContext | undefined;
    let answer = await this.#bind('GSSAPI', step.token ?? new Uint8Array(0));
    while (!context) {
      if (!answer.token) throw new Error('no token');
      step = party.step(answer.token);
      context = step.context;
      answer = await this.#bind('GSSAPI', step.token ?? new Uint8Array(0));
    }
    const offer = context.unwrap(answer.token ?? new Uint8Array(0));
    const choice = context.wrap(Uint8Array.of(layer, 0xff, 0xff, 0xff), { seal: false });
    const last = await this.#bind('GSSAPI', choice);
    if (last.more) throw new Error('the server wants more');
    this.seal = layer === LAYER.SEAL;
    this.#context = context;
    return { offered: offer.data[0] ?? 0 };
  }

  /** Binds with GSS-SPNEGO, whose security layer follows from the flags of the context. */
  async bindSpnego(party: GssParty, seal: boolean): Promise<void> {
    let step = party.step();
    for (;;) {
      const answer = await this.#bind('GSS-SPNEGO', step.token ?? new Uint8Array(0));
      if (answer.token) step = party.step(answer.token);
      if (!answer.more) break;
    }
    if (!step.context) throw new Error('no context');
    this.seal = seal;
    this.#context = step.context;
  }

  /** The names of the entries with that sAMAccountName, below `base`. */
  async find(base: string, account: string): Promise<string[]> {
    const [subtree, zero] = [Uint8Array.of(2), Uint8Array.of(0)];
    const filter = tlv(0xa3, octets('sAMAccountName'), octets(account));
    const limits = [tlv(0x0a, subtree), tlv(0x0a, zero), tlv(0x02, zero), tlv(0x02, zero), tlv(0x01, zero)];
    const wanted = tlv(0x30, octets('sAMAccountName'));
    this.received = Buffer.alloc(0);
    let answer = await this.#exchange(tlv(SEARCH_REQUEST, octets(base), ...limits, filter, wanted));
    const names: string[] = [];
    while (answer.peek() !== SEARCH_DONE) {
      if (answer.peek() === SEARCH_ENTRY)
        names.push(Buffer.from(answer.enter(SEARCH_ENTRY).enter(0x04).rest()).toString());
      answer = await this.#receive();
    }
    const code = answer.enter(SEARCH_DONE).enter(0x0a).rest()[0];
    if (code !== 0) throw new Error(`the search failed with ${code}`);
    return names;
  }
}

/** The length of the BER message at the beginning of the buffer, or 0 where its header is not complete. */
function messageLength(buffer: Buffer): number {
  const [, first] = buffer;
  if (first === undefined) return 0;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  return buffer.length < 2 + count ? 0 : 2 + count + buffer.readUIntBE(2, count);
}
