/** Lines over a socket: bounded in length and number, each waited for until a deadline. */
import type { Socket } from 'node:net';
import { LONGEST_LINE } from './protocol.ts';

export interface Lines {
  /** The next line, or undefined: closed, too long, not UTF-8, or too late. */
  next(): Promise<string | undefined>;
  send(line: string): void;
  /** When the other side has gone, or has no more to say. */
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
  const timer = setTimeout(() => socket.destroy(), deadline);
  socket.on('data', (chunk: Buffer) => {
    const before = held;
    held = Buffer.concat([held, chunk]);
    before.fill(0); // a PIN may be in it
    chunk.fill(0);
    if (held.length > 2 * LONGEST_LINE) socket.destroy();
    wake();
  });
  // Whoever has said all can still be answered, but touches no key any more.
  socket.on('end', () => {
    gone.abort();
    wake();
  });
  socket.on('error', () => undefined); // 'close' follows
  socket.on('close', () => {
    clearTimeout(timer);
    gone.abort();
    held.fill(0);
    wake();
  });
  return {
    gone: gone.signal,
    send: (line) => {
      if (!socket.destroyed) socket.write(line);
    },
    next: async () => {
      for (;;) {
        const end = held.indexOf(0x0a);
        if (end > LONGEST_LINE || (end < 0 && held.length > LONGEST_LINE)) return undefined;
        if (end >= 0) return textOf(take(end));
        if (gone.signal.aborted) return undefined;
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
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
