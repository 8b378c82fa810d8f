/** The platform's end of the socket: send a request, wait for its answer through keepalives. */
import { connect, type Socket } from 'node:net';
import { SecurityKeyError } from '../error.ts';
import { encodeFrame, type Frame, FrameReader } from '../frame.ts';
import { HID, KEEPALIVE_UP_NEEDED } from '../registry.ts';

/** Milliseconds without any frame after which the key counts as gone. */
const SILENCE = 20_000;

export interface Transport {
  /** One CTAP request (command byte and CBOR) and its answer (status byte and CBOR). One at a time. */
  call(request: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Connect to a key's socket; `onTouchNeeded` is called when the key starts to wait for a touch. */
export async function connectSocket(path: string, onTouchNeeded?: () => void): Promise<Transport> {
  const socket = await open(path);
  return new SocketTransport(socket, path, onTouchNeeded);
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', (error) => reject(gone(path, 'nobody answers', error)));
    socket.once('connect', () => resolve(socket.removeAllListeners('error')));
  });
}

function gone(path: string, reason: string, cause?: unknown): SecurityKeyError {
  return new SecurityKeyError(
    'key-unreachable',
    `No security key at ${path} (${reason}); start the software key and try again.`,
    { path, reason },
    cause,
  );
}

interface Waiting {
  resolve(answer: Uint8Array): void;
  reject(error: SecurityKeyError): void;
}

class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #onTouchNeeded: (() => void) | undefined;
  readonly #reader = new FrameReader();
  #waiting: Waiting | undefined;
  #touchAnnounced = false;
  #failure: SecurityKeyError | undefined;

  constructor(socket: Socket, path: string, onTouchNeeded: (() => void) | undefined) {
    this.#socket = socket;
    this.#onTouchNeeded = onTouchNeeded;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(gone(path, 'the connection broke', error)));
    socket.on('close', () => this.#fail(gone(path, 'the connection was closed')));
    socket.on('timeout', () => this.#fail(gone(path, `silent for ${SILENCE / 1000} s`)));
  }

  call(request: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting = { resolve, reject };
      this.#touchAnnounced = false;
      this.#socket.setTimeout(SILENCE);
      this.#socket.write(encodeFrame(HID.CBOR, request));
    });
  }

  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await closed;
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#handle(frame);
    } catch (error) {
      this.#fail(new SecurityKeyError('protocol-error', 'The key answered too much; restart it.', {}, error));
    }
  }

  #handle({ command, payload }: Frame): void {
    if (command === HID.KEEPALIVE) {
      if (payload[0] === KEEPALIVE_UP_NEEDED && !this.#touchAnnounced) this.#onTouchNeeded?.();
      this.#touchAnnounced = true;
      return;
    }
    if (command !== HID.CBOR || this.#waiting === undefined) {
      const details = { command, error: payload[0] };
      this.#fail(
        new SecurityKeyError('protocol-error', 'The key answered out of turn; restart it.', details),
      );
      return;
    }
    this.#socket.setTimeout(0);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(Uint8Array.from(payload));
  }

  #fail(error: SecurityKeyError): void {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}
