/** Lines over a socket: bounded in length and number, each waited for until a deadline. */
import type { Socket } from 'node:net';
import { LONGEST_LINE } from './protocol.ts';

export interface Lines {
  /** The next line, or undefined: closed, too long, not UTF-8, or too late. */
  next(): Promise<string | undefined>;
  send(line: string): void;
  /** When the other side has gone. */
  readonly gone: AbortSignal;
}

/** @param deadline milliseconds for the whole of the conversation */
export function linesOver(socket: Socket, deadline: number): Lines {
  const gone = new AbortController();
  let held = Buffer.alloc(0);
  let waiting: (() => void) | undefined;
  const wake = () => {
    waiting?.();
    waiting = undefined;
  };
  const end = () => {
    gone.abort();
    held.fill(0);
    wake();
  };
  const timer = setTimeout(() => socket.destroy(), deadline);
  socket.on('data', (chunk: Buffer) => {
    const before = held;
    held = Buffer.concat([held, chunk]);
    before.fill(0); // a PIN may be in it
    chunk.fill(0);
    if (held.length > 2 * LONGEST_LINE) socket.destroy();
    wake();
  });
  socket.on('end', wake);
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    clearTimeout(timer);
    end();
  });
  return {
    gone: gone.signal,
    send: (line) => {
      if (!socket.destroyed) socket.write(line);
    },
    next: async () => {
      while (!gone.signal.aborted) {
        const end = held.indexOf(0x0a);
        if (end > LONGEST_LINE || (end < 0 && held.length > LONGEST_LINE)) return undefined;
        if (end >= 0) return textOf(take(end));
        if (socket.readableEnded) return undefined;
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
      return undefined;
    },
  };

  function take(end: number): Buffer {
    const line = Buffer.from(held.subarray(0, end));
    const rest = Buffer.from(held.subarray(end + 1));
    held.fill(0);
    held = rest;
    return line;
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  } finally {
    bytes.fill(0);
  }
}
