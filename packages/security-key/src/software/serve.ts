/** The software key as a process: a Unix socket (mode 0600) that speaks CTAP2 frames to any number of clients. */
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { SecurityKeyError } from '../error.ts';
import { Connection, type OnTouch } from './connection.ts';
import { lockState } from './lock.ts';
import type { KeyCore } from './session.ts';
import { StateFile } from './state.ts';
import { Vault } from './vault.ts';

const MAX_CONNECTIONS = 32;
/** sun_path on Linux, less the final zero. */
const MAX_SOCKET_PATH = 107;

export interface SoftwareKeyOptions {
  /** Where to listen; a socket left there by a killed process is replaced. */
  readonly socketPath: string;
  /** The key's file; made where there is none. */
  readonly statePath: string;
  /** Asked for each touch; without it every touch is granted at once. */
  readonly onTouch?: OnTouch;
  /** Told of errors within the key (a full disk, say); the client gets CTAP status 0x7f. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Serve a software key until `close()`; a restart is its power cycle. Throws SecurityKeyError `state-corrupt`,
 * `state-in-use`, `state-unwritable`, `key-in-use`.
 *
 * @example
 * const served = await serveSoftwareKey({ socketPath: 'key.sock', statePath: 'key.json' });
 * const key = await connectSoftwareKey('key.sock');
 * await key.setPin('2580');
 */
export async function serveSoftwareKey(options: SoftwareKeyOptions): Promise<{ close(): Promise<void> }> {
  const unlock = lockState(options.statePath);
  try {
    const state = new StateFile(options.statePath);
    const key: KeyCore = { state, vault: new Vault(), wrongPinsInRow: 0, tokenEpoch: 0 };
    await removeStaleSocket(options.socketPath);
    return await listen(options, key, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function listen(options: SoftwareKeyOptions, key: KeyCore, unlock: () => void) {
  const sockets = new Set<Socket>();
  const server = createServer();
  server.maxConnections = MAX_CONNECTIONS;
  let tail: Promise<unknown> = Promise.resolve();
  /** All connections' requests one after another, as at one piece of hardware. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined); // whoever asked sees the error
    return result;
  };
  const report = options.onError ?? (() => undefined);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Connection(socket, key, inTurn, options.onTouch, report).start();
  });
  await bind(server, options.socketPath);
  server.on('error', report);

  return {
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await tail;
      key.vault.lock();
      unlock();
    },
  };
}

/** Bind with mode 0600 from the first moment: the mask counts when listen() makes the socket, which it does at once. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(unreachable(path, 'cannot be listened on', error)));
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.removeAllListeners('error');
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw unreachable(path, `is longer than ${MAX_SOCKET_PATH} bytes`);
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() || (await answers(path))) throw unreachable(path, 'is in use');
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}

function unreachable(path: string, problem: string, cause?: unknown): SecurityKeyError {
  return new SecurityKeyError(
    'key-in-use',
    `The socket path ${path} ${problem}; choose another path, or stop what uses it.`,
    { path },
    cause,
  );
}
