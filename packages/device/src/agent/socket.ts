/**
 * The agent's Unix socket. Who may reach it may have PINs tried, so the directory is the agent's user's and closed to
 * everyone else (0700), and so is the socket (0600); Node tells nothing of who is at the other end.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { DeviceError } from '../errors/device-error.ts';
import { type ConversationOptions, converse } from './conversation.ts';
import { linesOver } from './lines.ts';

/** Milliseconds for a PIN to be typed and a key to be touched. */
const DEADLINE_MS = 180_000;
const CONNECTIONS_AT_MOST = 32;

export interface AgentSocket {
  path: string;
  /** Ends what is under way, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Listens. A socket that was left behind is replaced; one at which an agent answers is not.
 *
 * @throws DeviceError `agent-running`, `agent-socket-unusable`
 */
export async function listenForSignIns(path: string, options: ConversationOptions): Promise<AgentSocket> {
  prepareDirectory(path);
  if (await answers(path)) throw new DeviceError('agent-running', { about: path });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const lines = linesOver(socket, DEADLINE_MS);
    converse(lines, options)
      .catch(() => undefined) // told on the line already, if anybody was there
      .finally(() => socket.end());
  });
  server.maxConnections = CONNECTIONS_AT_MOST;
  const open = trackSockets(server);
  try {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  } catch (cause) {
    throw unusable(path, cause);
  }
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve()); // Node removes the socket
        for (const end of open) end();
      }),
  };
}

function trackSockets(server: Server): Set<() => void> {
  const open = new Set<() => void>();
  server.on('connection', (socket) => {
    const end = () => socket.destroy();
    open.add(end);
    socket.once('close', () => open.delete(end));
  });
  return open;
}

function prepareDirectory(path: string): void {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = lstatSync(directory);
    if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) {
      const there = lstatSync(path, { throwIfNoEntry: false });
      if (there === undefined || there.isSocket()) return;
    }
  } catch (cause) {
    throw unusable(path, cause);
  }
  throw unusable(path, undefined);
}

const unusable = (path: string, cause: unknown) =>
  new DeviceError('agent-socket-unusable', {
    about: cause instanceof Error ? `${path}: ${cause.message}` : path,
    ...(cause !== undefined && { cause }),
  });

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
