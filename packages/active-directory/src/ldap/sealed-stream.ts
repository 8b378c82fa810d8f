/** A stream that seals what is written and opens what comes: SASL buffers with a length in front (RFC 4422 section 3.7). */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { GssContext } from '@kennel/kerberos';
import { ActiveDirectoryError } from '../errors.ts';

const MAX_BUFFER = 16 * 1024 * 1024;
const MAX_PLAIN = 64 * 1024;

export class SealedStream extends Duplex {
  /** As of a socket that stands: who uses the stream need not wait for it. */
  readonly connecting = false;
  readonly readyState = 'open';
  readonly #socket: Socket;
  readonly #context: GssContext;
  #received = Buffer.alloc(0);

  constructor(socket: Socket, context: GssContext) {
    super();
    this.#socket = socket;
    this.#context = context;
    socket.on('data', (chunk: Buffer) => this.#open(chunk));
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
    socket.resume();
  }

  #open(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      while (this.#received.length >= 4) {
        const length = this.#received.readUInt32BE();
        if (length > MAX_BUFFER)
          throw new ActiveDirectoryError(
            'ldap-malformed',
            'The domain controller sent an LDAP buffer that is too large.',
          );
        if (this.#received.length < 4 + length) return;
        const { data, sealed } = this.#context.unwrap(this.#received.subarray(4, 4 + length));
        if (!sealed)
          throw new ActiveDirectoryError(
            'ldap-malformed',
            'The domain controller answered over LDAP without sealing.',
          );
        this.#received = this.#received.subarray(4 + length);
        this.push(data);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _read(): void {
    // what comes is pushed as it comes: answers are read whole in any case
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; at += MAX_PLAIN) {
      const token = this.#context.wrap(chunk.subarray(at, at + MAX_PLAIN), { seal: true });
      const length = Buffer.alloc(4);
      length.writeUInt32BE(token.length);
      this.#socket.write(Buffer.concat([length, token]));
    }
    done();
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
