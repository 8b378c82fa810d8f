/** A TCP connection read fragment by fragment, with a time for each answer as a whole. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ActiveDirectoryError } from '../errors.ts';
import { decodePdu, fragmentLength, type Pdu } from './pdu.ts';

export interface RpcAddress {
  /** IP address or name. */
  host: string;
  port: number;
}

export class PduStream {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #where: string;
  readonly #timeout: number;
  #held: Buffer = Buffer.alloc(0);
  #deadline = 0;

  private constructor(socket: Socket, where: string, timeout: number) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
    this.#where = where;
    this.#timeout = timeout;
  }

  /**
   * @param timeout milliseconds for the connection, and from each `send` to the last fragment of its answer
   * @throws ActiveDirectoryError `dc-unreachable`, `dc-timeout`
   */
  static async open({ host, port }: RpcAddress, timeout: number): Promise<PduStream> {
    const where = `${host}:${port}`;
    const socket = connect({ host, port, noDelay: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(timeout) });
    } catch (error) {
      socket.destroy();
      throw unreachable(where, error);
    }
    return new PduStream(socket, where, timeout);
  }

  send(fragments: readonly Uint8Array[]): void {
    this.#deadline = performance.now() + this.#timeout;
    this.#socket.write(Buffer.concat(fragments));
  }

  /** The next whole fragment. @throws ActiveDirectoryError `dc-timeout`, `dc-unreachable`, `rpc-malformed` */
  async receive(): Promise<Pdu> {
    const left = this.#deadline - performance.now();
    const late = setTimeout(() => this.#socket.destroy(timedOut(this.#where)), left);
    try {
      for (;;) {
        const length = fragmentLength(this.#held);
        if (length !== undefined && this.#held.length >= length) {
          const raw = this.#held.subarray(0, length);
          this.#held = this.#held.subarray(length);
          return decodePdu(raw);
        }
        const { value, done } = await this.#chunks.next();
        if (done) throw new Error('the server closed the connection');
        this.#held = Buffer.concat([this.#held, value]);
      }
    } catch (error) {
      this.close();
      throw error instanceof ActiveDirectoryError ? error : unreachable(this.#where, error);
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

const timedOut = (where: string) =>
  new ActiveDirectoryError('dc-timeout', `The domain controller at ${where} does not answer in time.`);

function unreachable(where: string, error: unknown): ActiveDirectoryError {
  if (error instanceof Error && error.name === 'AbortError') return timedOut(where);
  return new ActiveDirectoryError(
    'dc-unreachable',
    `No RPC at ${where}. Check that the domain controller runs and that firewalls let TCP 135 and its RPC ports through.`,
    { cause: String(error) },
  );
}
