/** An established security context of the Kerberos mechanism (RFC 4121): what protects the messages of a connection. */
import type { Accepted } from '../ap/accept.ts';
import type { Key } from '../crypto/key.ts';
import {
  type MessageKey,
  type MessagePart,
  makeMic,
  openMic,
  openParts,
  sealParts,
  unwrapMessage,
  wrapMessage,
} from '../crypto/rfc4121.ts';
import type { CcachePrincipal } from '../files/ccache.ts';
import { GSS_FLAG } from './krb5-token.ts';
import { ReceiveOrder } from './sequence.ts';

/** What one step of a dialogue gives: a token for the peer, and the context once it stands. */
export interface GssStep {
  token?: Uint8Array;
  context?: GssContext;
}

/** One side of the dialogue that sets up a context: tokens go in as they come, until there is a context. */
export interface GssParty {
  /** @param token the peer's token; none for the initiator's first step @throws KerberosError, after which the dialogue is over */
  step(token?: Uint8Array): GssStep;
}

export interface GssContextFacts {
  /** The key that the messages are protected with. */
  key: Key;
  /** Whether the acceptor chose it. */
  acceptorSubkey: boolean;
  isAcceptor: boolean;
  flags: number;
  client: CcachePrincipal;
  sendFrom: number;
  receiveFrom: number;
  accepted?: Accepted;
}

export class GssContext {
  /** Context flags, `GSS_FLAG`. */
  readonly flags: number;
  readonly client: CcachePrincipal;
  /** The ticket and its owner's PAC, on the acceptor's side. */
  readonly accepted: Accepted | undefined;
  /** The key of the messages, which is also the session key for protocols above (DRSUAPI, SMB). */
  readonly sessionKey: Key;
  readonly #sender: MessageKey;
  readonly #receiver: MessageKey;
  readonly #order: ReceiveOrder;
  #next: bigint;

  constructor({
    key,
    acceptorSubkey,
    isAcceptor,
    flags,
    client,
    sendFrom,
    receiveFrom,
    accepted,
  }: GssContextFacts) {
    this.flags = flags;
    this.client = client;
    this.accepted = accepted;
    this.sessionKey = key;
    this.#sender = { key, acceptorSubkey, byAcceptor: isAcceptor };
    this.#receiver = { key, acceptorSubkey, byAcceptor: !isAcceptor };
    this.#next = BigInt(sendFrom);
    const mode = flags & GSS_FLAG.SEQUENCE ? 'sequence' : flags & GSS_FLAG.REPLAY ? 'replay' : 'none';
    this.#order = new ReceiveOrder(mode, BigInt(receiveFrom));
  }

  get dceStyle(): boolean {
    return (this.flags & GSS_FLAG.DCE_STYLE) !== 0;
  }

  /** A Wrap token of `data`: sealed (60 bytes longer), or signed only (28 bytes longer). */
  wrap(data: Uint8Array, { seal = true }: { seal?: boolean } = {}): Buffer {
    return wrapMessage(this.#sender, this.#next++, data, seal);
  }

  /** @throws KerberosError `token-malformed`, `integrity-check-failed`, `replayed`, `out-of-sequence` */
  unwrap(token: Uint8Array): { data: Buffer; sealed: boolean } {
    const { data, sealed, sequence } = unwrapMessage(this.#receiver, token, this.dceStyle);
    this.#order.accept(sequence);
    return { data, sealed };
  }

  /** A MIC token, 28 bytes, over the parts one after the other. */
  getMic(...data: readonly Uint8Array[]): Buffer {
    return makeMic(this.#sender, this.#next++, ...data);
  }

  /** @throws KerberosError `token-malformed`, `integrity-check-failed`, `replayed`, `out-of-sequence` */
  verifyMic(token: Uint8Array, ...data: readonly Uint8Array[]): void {
    this.#order.accept(openMic(this.#receiver, token, ...data));
  }

  /**
   * Seals a message of DCE/RPC: header and trailer are signed (`sealed: false`), the stub is sealed in its place.
   * @returns the auth value (76 bytes) and the parts as they go over the wire
   */
  wrapParts(parts: readonly MessagePart[]): { token: Buffer; parts: Buffer[] } {
    return sealParts(this.#sender, this.#next++, parts);
  }

  /** The parts in the clear. @throws KerberosError `token-malformed`, `integrity-check-failed`, `replayed`, `out-of-sequence` */
  unwrapParts(token: Uint8Array, parts: readonly MessagePart[]): Buffer[] {
    const opened = openParts(this.#receiver, token, parts);
    this.#order.accept(opened.sequence);
    return opened.parts;
  }
}
