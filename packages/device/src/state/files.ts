/**
 * Files of the state directory: for their owner alone, replaced as a whole or not at all, and never overwritten
 * when they cannot be understood.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';

/** The version that this program writes into each file. */
const STATE_VERSION = 1;
const LARGEST = 1024 * 1024;

/** A local user, by numbers. */
export interface Owner {
  uid: number;
  gid: number;
}

export function statePaths(stateDir: string) {
  return {
    machineKey: join(stateDir, 'machine.key'),
    device: join(stateDir, 'device.json'),
    pending: join(stateDir, 'pending.json'),
    users: join(stateDir, 'users'),
    attempt: join(stateDir, 'attempt.json'),
    offline: join(stateDir, 'offline'),
  };
}

/**
 * Makes the directory (0700) where it is missing. One that others can reach is refused, not changed.
 *
 * @throws DeviceError `state-dir-exposed`, `state-unwritable`
 */
export function ensureStateDir(stateDir: string): void {
  const { uid, mode } = onDisk(stateDir, () => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    return statSync(stateDir);
  });
  if (process.platform === 'win32') return;
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new DeviceError('state-dir-exposed', { about: stateDir, details: { uid, mode: mode.toString(8) } });
  }
}

/**
 * Puts bytes in a file's place (0600): written beside it, flushed to disk, then renamed over it. A link there is
 * replaced, not followed.
 *
 * @param owner whose it is to be, where it is not ours
 * @throws ErrnoException
 */
export function replaceFile(path: string, bytes: string | Uint8Array, owner?: Owner): void {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  const file = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    try {
      const data = Buffer.from(bytes);
      for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
      if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** So that the new name survives a power cut. Windows has no such call. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Replaces a state file. @throws DeviceError `state-unwritable` */
export function writeState(path: string, value: object): void {
  onDisk(path, () => replaceFile(path, `${JSON.stringify({ version: STATE_VERSION, ...value }, null, 2)}\n`));
}

/**
 * Reads a state file.
 *
 * @returns undefined where there is none
 * @throws DeviceError `state-damaged`, `state-newer`, `state-unwritable`
 */
export function readState<S extends z.ZodType>(path: string, schema: S): z.output<S> | undefined {
  const text = onDisk(path, () => readBounded(path));
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new DeviceError('state-damaged', { about: path, details: { path, cause: 'not JSON' } }); // the parser's text would quote the file
  }
  const { version, ...rest } =
    typeof json === 'object' && json !== null ? (json as { version?: unknown }) : {};
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new DeviceError('state-newer', { about: path, details: { path, version } });
  }
  const parsed = schema.safeParse(rest);
  if (version !== STATE_VERSION || !parsed.success) {
    const where = parsed.error?.issues[0]?.path.join('.');
    throw new DeviceError('state-damaged', { about: path, details: { path, version, where } });
  }
  return parsed.data;
}

function readBounded(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // fs throws ErrnoException
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    if (size > LARGEST) throw new DeviceError('state-damaged', { about: path, details: { path, size } });
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** The file system's errors as ours. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('state-unwritable', { about: `${path}: ${code}`, details: { path, code }, cause });
  }
}
