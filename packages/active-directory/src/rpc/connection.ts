/** A connection-oriented RPC client over TCP: bind with or without security, then calls, one at a time (C706 chapter 12, [MS-RPCE] 3.3). */
import { ActiveDirectoryError } from '../errors.ts';
import { decodeBindAck, encodeBind } from './bind.ts';
import { faultError } from './faults.ts';
import {
  CALL_HEADER,
  encodeHeader,
  encodePdu,
  encodeTrailer,
  HEADER,
  MAX_FRAGMENT,
  PDU,
  PDU_FLAG,
  type Pdu,
  rpcMalformed,
  TRAILER,
  type Verifier,
} from './pdu.ts';
import { PduStream, type RpcAddress } from './pdu-stream.ts';
import { AUTH_LEVEL_PRIVACY, type RpcSecurity } from './security.ts';
import type { Syntax } from './syntax.ts';

export interface RpcOptions {
  /** Absent: nothing is signed nor sealed. */
  security?: RpcSecurity | undefined;
  /** Milliseconds for the connection and for each answer; 30,000 unless told. */
  timeout?: number;
}

/** Bytes of a whole answer that are taken at most. */
const MAX_ANSWER = 4 * 1024 * 1024;
const MAX_LEGS = 8;
/** Sealed stubs are padded to this ([MS-RPCE] 2.2.2.11). */
const SEALED_UNIT = 16;
const BOTH = PDU_FLAG.FIRST | PDU_FLAG.LAST;
const CONTEXT_ID = 1;
/** Four bytes that mean nothing. */
const AUTH3_BODY = Buffer.alloc(4);

const untrusted = (what: string) =>
  new ActiveDirectoryError(
    'dc-not-trusted',
    "The domain controller's answer is not protected as was agreed; someone may stand in between.",
    { what },
  );

export class RpcConnection {
  readonly #stream: PduStream;
  readonly #security: RpcSecurity | undefined;
  #maxSend = MAX_FRAGMENT;
  #callId = 0;
  /** The sign-in's last token was sent, and nothing has come back yet that would show what the server thinks of it. */
  #unanswered = false;

  private constructor(stream: PduStream, security: RpcSecurity | undefined) {
    this.#stream = stream;
    this.#security = security;
  }

  /**
   * Connects and binds one interface.
   * @throws ActiveDirectoryError `dc-unreachable`, `dc-timeout`, `rpc-refused`, `rpc-malformed`, `access-denied`,
   *   `dc-not-trusted`; what the security mechanism throws
   * @example
   * const rpc = await RpcConnection.open({ host, port: 135 }, SYNTAX.ENDPOINT_MAPPER);
   * try { const answer = await rpc.call(3, stub); } finally { rpc.close(); }
   */
  static async open(address: RpcAddress, syntax: Syntax, options: RpcOptions = {}): Promise<RpcConnection> {
    const stream = await PduStream.open(address, options.timeout ?? 30_000);
    const connection = new RpcConnection(stream, options.security);
    try {
      await connection.#bind(syntax);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #bind(syntax: Syntax): Promise<void> {
    const security = this.#security;
    let token = security?.first();
    let expected: number = PDU.BIND_ACK;
    let group = 0;
    for (let leg = 0; leg < MAX_LEGS; leg++) {
      const first = expected === PDU.BIND_ACK;
      const flags = BOTH | (security && first ? PDU_FLAG.HEADER_SIGNING : 0);
      const body = encodeBind(syntax, group);
      const type = first ? PDU.BIND : PDU.ALTER_CONTEXT;
      const answer = await this.#exchange(
        encodePdu(type, flags, ++this.#callId, body, this.#verifier(token)),
      );
      const ack = decodeBindAck(answer, expected);
      if (first) {
        if (ack.maxReceive < 1024) throw rpcMalformed(`fragments of ${ack.maxReceive} bytes`);
        this.#maxSend = Math.min(MAX_FRAGMENT, ack.maxReceive);
        group = ack.associationGroup;
        if (security && !ack.headerSigning) throw untrusted('no header signing');
      }
      // An answer without a token ends the handshake, and so does a mechanism that has nothing more to say.
      token = answer.verifier && security?.next(this.#check(answer.verifier, security).token);
      if (!token) {
        void security?.sessionKey; // throws where the mechanism is not yet content
        return;
      }
      if (security?.lastIsUnanswered) {
        this.#unanswered = true;
        this.#stream.send([encodePdu(PDU.AUTH3, BOTH, this.#callId, AUTH3_BODY, this.#verifier(token))]);
        return;
      }
      expected = PDU.ALTER_CONTEXT_RESPONSE;
    }
    throw rpcMalformed('too many legs');
  }

  #verifier(token: Uint8Array | undefined): Verifier | undefined {
    if (!this.#security || !token) return undefined;
    return { authType: this.#security.authType, authLevel: AUTH_LEVEL_PRIVACY, contextId: CONTEXT_ID, token };
  }

  #check(verifier: Verifier, security: RpcSecurity): Verifier {
    const { authType, authLevel, contextId } = verifier;
    if (authType !== security.authType || authLevel !== AUTH_LEVEL_PRIVACY || contextId !== CONTEXT_ID)
      throw untrusted('another verifier');
    return verifier;
  }

  async #exchange(...fragments: Uint8Array[]): Promise<Pdu> {
    this.#stream.send(fragments);
    return this.#receive();
  }

  async #receive(): Promise<Pdu> {
    const pdu = await this.#stream.receive();
    if (pdu.callId !== this.#callId) throw rpcMalformed('the answer to another call');
    if (pdu.type === PDU.FAULT) throw faultError(this.#stub(pdu, true).readUInt32LE(0), this.#unanswered);
    return pdu;
  }

  /**
   * One call: the request's stub out, the response's stub back.
   * @throws ActiveDirectoryError `rpc-fault`, `access-denied`, `dc-timeout`, `dc-unreachable`, `rpc-malformed`,
   *   `dc-not-trusted`; after any of them but a fault the connection is closed
   */
  async call(opnum: number, stub: Uint8Array): Promise<Buffer> {
    this.#callId++;
    const parts: Buffer[] = [];
    let length = 0;
    try {
      let pdu = await this.#exchange(...this.#fragments(opnum, stub));
      for (;;) {
        if (pdu.type !== PDU.RESPONSE || ((pdu.flags & PDU_FLAG.FIRST) !== 0) !== (parts.length === 0))
          throw rpcMalformed('no response');
        const part = this.#stub(pdu, false);
        length += part.length;
        if (length > MAX_ANSWER) throw rpcMalformed('the answer is too large');
        this.#unanswered = false;
        parts.push(part);
        if (pdu.flags & PDU_FLAG.LAST) return Buffer.concat(parts);
        pdu = await this.#receive();
      }
    } catch (error) {
      const fault = error instanceof ActiveDirectoryError && error.details.status !== undefined;
      if (!fault) this.close();
      throw error;
    }
  }

  #fragments(opnum: number, stub: Uint8Array): Buffer[] {
    const overhead = CALL_HEADER + (this.#security ? TRAILER + this.#security.signatureLength : 0);
    const room = (this.#maxSend - overhead) & -SEALED_UNIT;
    const count = Math.max(1, Math.ceil(stub.length / room));
    return Array.from({ length: count }, (_, i) => {
      const flags = (i === 0 ? PDU_FLAG.FIRST : 0) | (i === count - 1 ? PDU_FLAG.LAST : 0);
      const head = Buffer.alloc(CALL_HEADER - HEADER);
      head.writeUInt32LE(stub.length - i * room, 0); // a hint of what is still to come
      head.writeUInt16LE(opnum, 6);
      return this.#fragment(flags, head, stub.subarray(i * room, (i + 1) * room));
    });
  }

  #fragment(flags: number, head: Uint8Array, stub: Uint8Array): Buffer {
    const security = this.#security;
    if (!security) return encodePdu(PDU.REQUEST, flags, this.#callId, Buffer.concat([head, stub]));
    const padLength = -stub.length & (SEALED_UNIT - 1);
    const { authType } = security;
    const trailer = encodeTrailer(
      { authType, authLevel: AUTH_LEVEL_PRIVACY, contextId: CONTEXT_ID },
      padLength,
    );
    const length = CALL_HEADER + stub.length + padLength + TRAILER + security.signatureLength;
    const common = encodeHeader(PDU.REQUEST, flags, this.#callId, length, security.signatureLength);
    const header = Buffer.concat([common, head]);
    const sealed = security.seal({ header, body: Buffer.concat([stub, Buffer.alloc(padLength)]), trailer });
    return Buffer.concat([header, sealed.body, trailer, sealed.signature]);
  }

  /** The stub of a response or fault in clear; only a fault may come unprotected where security was agreed. */
  #stub(pdu: Pdu, fault: boolean): Buffer {
    const security = this.#security;
    const least = CALL_HEADER - HEADER + (fault ? 4 : 0);
    if (pdu.body.length < least) throw rpcMalformed('it ends too early');
    if (!pdu.verifier) {
      if (security && !fault) throw untrusted('not sealed');
      return pdu.body.subarray(CALL_HEADER - HEADER);
    }
    if (!security) throw rpcMalformed('sealed, though nothing was agreed');
    const { token } = this.#check(pdu.verifier, security);
    const end = pdu.raw.length - token.length - TRAILER;
    const header = pdu.raw.subarray(0, CALL_HEADER);
    const trailer = pdu.raw.subarray(end, end + TRAILER);
    const body = pdu.raw.subarray(CALL_HEADER, end);
    const clear = security.open({ header, body, trailer }, token);
    return Buffer.from(clear.subarray(0, clear.length - pdu.padLength));
  }

  close(): void {
    this.#stream.close();
  }
}
