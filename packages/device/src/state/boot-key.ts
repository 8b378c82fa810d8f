/**
 * The key that seals what a signed-in user's programs use: token, session key, waiting ticket. It lies in memory only
 * (a file of a tmpfs), so that whoever takes the disk of a machine that is off has none of it, and a restart locks
 * them. Systems without such a place keep it in the state directory; `status` says which.
 */
import { accessSync, constants, linkSync, lstatSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createMasterKey,
  loadMasterKey,
  type MasterKey,
  open,
  type SealLabel,
  SecretsError,
  sealedUnder,
} from '@kennel/secrets';
import { DeviceError } from '../errors/device-error.ts';
import { onDisk } from './files.ts';
import { asOurs, explained } from './seal.ts';

/** `f_type` of file systems that are memory (statfs(2)): tmpfs, ramfs. */
const IN_MEMORY = [0x01021994, 0x858458f6];

/** Opens a value that was sealed under the boot key. @throws DeviceError `locked`, `state-damaged` */
export type LiveSecrets = (label: SealLabel, text: string) => Buffer;

/** Where the boot key of a device lies, and whether that is memory. Nothing is made: this only looks. */
export function bootKeyPlace(stateDir: string, deviceId: string): { path: string; inMemory: boolean } {
  const directory = runtimeDirectories().find(usable);
  const name = `${deviceId}.key`;
  return directory === undefined
    ? { path: join(stateDir, 'boot.key'), inMemory: false }
    : { path: join(directory, name), inMemory: true };
}

/** The boot key, made at the first sign-in after a start. @throws DeviceError `state-unwritable` */
export function bootKey(stateDir: string, deviceId: string): MasterKey {
  const { path } = bootKeyPlace(stateDir, deviceId);
  const found = load(path);
  if (found !== undefined) return found;
  onDisk(path, () => mkdirSync(dirname(path), { mode: 0o700, recursive: true }));
  return make(bootKeyPlace(stateDir, deviceId).path); // looked at anew: somebody else may have been faster
}

/** Opens what this start of the machine has sealed. */
export function liveSecrets(stateDir: string, deviceId: string): LiveSecrets {
  const key = load(bootKeyPlace(stateDir, deviceId).path);
  return (label, text) => {
    if (key === undefined) throw new DeviceError('locked');
    try {
      return Buffer.from(open(key, label, Buffer.from(text, 'base64url')));
    } catch (error) {
      if (error instanceof SecretsError && error.code === 'master-key-wrong') throw new DeviceError('locked');
      throw asOurs(error);
    }
  };
}

/** Whether a value was sealed before the machine was restarted, or before its user left. */
export function isLocked(stateDir: string, deviceId: string, text: string): boolean {
  const key = load(bootKeyPlace(stateDir, deviceId).path);
  return key === undefined || sealedUnder(Buffer.from(text, 'base64url')) !== key.id;
}

/** Whoever is signed in is locked from here on. */
export function removeBootKey(stateDir: string, deviceId: string): void {
  rmSync(bootKeyPlace(stateDir, deviceId).path, { force: true });
}

function load(path: string): MasterKey | undefined {
  try {
    return loadMasterKey(path);
  } catch (error) {
    if (error instanceof SecretsError && error.code === 'master-key-missing') return undefined;
    throw asOurs(error);
  }
}

/** Written beside, then linked into its place: two programs that come at once end with one key. */
function make(path: string): MasterKey {
  const draft = `${path}.${process.pid}`;
  return onDisk(path, () => {
    try {
      const made = explained(() => createMasterKey(draft));
      linkSync(draft, path);
      return made;
    } catch (error) {
      const found = (error as NodeJS.ErrnoException).code === 'EEXIST' ? load(path) : undefined; // fs throws ErrnoException
      if (found === undefined) throw error;
      return found;
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

/** `KENNEL_RUNTIME_DIR`, else the system's own places: of services, of the person, of the machine. */
function runtimeDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const uid = process.getuid?.();
  if (uid === undefined) return [];
  if (env.KENNEL_RUNTIME_DIR) return [join(env.KENNEL_RUNTIME_DIR, 'keys')];
  return [uid === 0 ? '/run/kennel' : `/run/user/${uid}/kennel`, `/dev/shm/kennel-${uid}`];
}

/** In memory, ours, closed to everyone else, and no link; or to be made in a place that is memory. */
function usable(directory: string): boolean {
  try {
    if (!isInMemory(dirname(directory))) return false;
    const found = lstatSync(directory, { throwIfNoEntry: false });
    if (found === undefined) {
      accessSync(dirname(directory), constants.W_OK | constants.X_OK);
      return true;
    }
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false; // the next one, then
  }
}

/** Whether a directory that is there lies on a file system that is memory. @throws ErrnoException */
const isInMemory = (directory: string): boolean => IN_MEMORY.includes(statfsSync(directory).type);

/** Whether a file lies in memory; false where that cannot be told. */
export function liesInMemory(path: string): boolean {
  try {
    return isInMemory(dirname(path));
  } catch {
    return false; // no such directory, or not Linux
  }
}
