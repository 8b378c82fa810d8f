/** One client of the software key: its frames, its session, and the wait for a touch (CTAP 2.1, section 11.2.9.1). */
import type { Socket } from 'node:net';
import { CtapError } from '../cbor.ts';
import { encodeFrame, type Frame, FrameReader } from '../frame.ts';
import { HID, HID_ERROR, KEEPALIVE_UP_NEEDED, LIMIT, STATUS } from '../registry.ts';
import { handleRequest } from './authenticator.ts';
import { type KeyCore, Session, type TouchRequest } from './session.ts';

/** Resolves to true where the person touches the key, to false where they decline. */
export type OnTouch = (request: TouchRequest, signal: AbortSignal) => Promise<boolean>;
type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

const KEEPALIVE_INTERVAL = 1_000;

export class Connection {
  readonly #socket: Socket;
  readonly #key: KeyCore;
  readonly #inTurn: InTurn;
  readonly #onTouch: OnTouch | undefined;
  readonly #report: (error: unknown) => void;
  readonly #session = new Session();
  readonly #reader = new FrameReader();
  /** Set while a request is under way; one at a time, as on a CTAPHID channel. */
  #current: AbortController | undefined;

  constructor(
    socket: Socket,
    key: KeyCore,
    inTurn: InTurn,
    onTouch: OnTouch | undefined,
    report: (error: unknown) => void,
  ) {
    this.#socket = socket;
    this.#key = key;
    this.#inTurn = inTurn;
    this.#onTouch = onTouch;
    this.#report = report;
  }

  start(): void {
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', this.#report);
    this.#socket.on('close', () => {
      this.#current?.abort();
      this.#session.dropToken();
    });
  }

  #receive(chunk: Uint8Array): void {
    let frames: Frame[];
    try {
      frames = this.#reader.push(chunk);
    } catch {
      this.#socket.end(encodeFrame(HID.ERROR, Buffer.of(HID_ERROR.INVALID_LENGTH)));
      this.#socket.removeAllListeners('data').resume();
      return;
    }
    for (const frame of frames) this.#handle(frame);
  }

  #handle({ command, payload }: Frame): void {
    if (command === HID.CANCEL) this.#current?.abort();
    else if (command === HID.PING) this.#send(HID.PING, payload);
    else if (command !== HID.CBOR) this.#send(HID.ERROR, Buffer.of(HID_ERROR.INVALID_COMMAND));
    else if (this.#current) this.#send(HID.ERROR, Buffer.of(HID_ERROR.CHANNEL_BUSY));
    else this.#answer(Uint8Array.from(payload)).catch(this.#report);
  }

  async #answer(request: Uint8Array): Promise<void> {
    const controller = new AbortController();
    this.#current = controller;
    const context = {
      key: this.#key,
      session: this.#session,
      touch: (touch: TouchRequest) => this.#touch(touch, controller.signal),
    };
    const answer = await this.#inTurn(async () =>
      controller.signal.aborted
        ? Buffer.of(STATUS.KEEPALIVE_CANCEL)
        : handleRequest(request, context, this.#report),
    );
    this.#current = undefined;
    this.#send(HID.CBOR, answer);
  }

  async #touch(request: TouchRequest, signal: AbortSignal): Promise<void> {
    if (this.#onTouch === undefined) return;
    const needTouch = () => this.#send(HID.KEEPALIVE, Buffer.of(KEEPALIVE_UP_NEEDED));
    needTouch();
    const keepalive = setInterval(needTouch, KEEPALIVE_INTERVAL);
    const timeout = AbortSignal.timeout(LIMIT.TOUCH_TIMEOUT);
    const either = AbortSignal.any([signal, timeout]);
    const gaveUp = new Promise<'gave-up'>((resolve) => {
      if (either.aborted) resolve('gave-up');
      either.addEventListener('abort', () => resolve('gave-up'), { once: true });
    });
    try {
      const outcome = await Promise.race([this.#onTouch(request, either), gaveUp]);
      if (signal.aborted) throw new CtapError(STATUS.KEEPALIVE_CANCEL, 'cancelled');
      if (outcome === 'gave-up') throw new CtapError(STATUS.USER_ACTION_TIMEOUT, 'no touch in time');
      if (!outcome) throw new CtapError(STATUS.OPERATION_DENIED, 'declined');
    } finally {
      clearInterval(keepalive);
    }
  }

  #send(command: number, payload: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(command, payload));
  }
}
