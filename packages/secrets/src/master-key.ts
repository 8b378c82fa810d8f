/**
 * The master key: 32 random bytes in a file of their own, readable by its owner only, apart from the database
 * that it protects. The file holds one line of base64, so that it can be kept in a vault and typed back.
 */
import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SecretsError } from './errors.ts';

const KEY_BYTES = 32;
const LONGEST_FILE = 256;

/** A master key in memory. `id` (8 bytes as hex) names it in sealed values; it tells nothing of the key. */
export interface MasterKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** Where the master key of a state directory lies: `KENNEL_MASTER_KEY_FILE`, else `master.key` in it. */
export function masterKeyFile(stateDir: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.KENNEL_MASTER_KEY_FILE || join(stateDir, 'master.key');
}

/**
 * Makes a new master key and its file (mode 0600, flushed to disk). Never replaces a file.
 *
 * @throws SecretsError `master-key-exists`
 */
export function createMasterKey(path: string): MasterKey {
  const bytes = randomBytes(KEY_BYTES);
  let file: number;
  try {
    file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause; // fs throws ErrnoException
    throw new SecretsError(
      'master-key-exists',
      `${path} already holds a master key. Remove it only if nothing sealed under it is needed any more.`,
      { path },
    );
  }
  try {
    writeSync(file, `${bytes.toString('base64')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return masterKeyOf(bytes);
}

/**
 * Reads a master key's file, which must be owned by this user (or root) and closed to everyone else.
 *
 * @throws SecretsError `master-key-missing`, `master-key-exposed`, `master-key-malformed`
 */
export function loadMasterKey(path: string): MasterKey {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY);
  } catch (cause) {
    throw new SecretsError(
      'master-key-missing',
      `The master key ${path} cannot be opened. Restore it from your backup, or name its place in KENNEL_MASTER_KEY_FILE.`,
      { path, cause: String(cause) },
    );
  }
  try {
    // The open file is looked at, not the name: what was checked is what is read.
    const { mode, uid, size } = fstatSync(file);
    if (process.platform !== 'win32') {
      const mine = uid === process.getuid?.() || uid === 0;
      if (!mine || (mode & 0o077) !== 0) {
        throw new SecretsError(
          'master-key-exposed',
          `The master key ${path} can be read by other users. Make it yours alone: chown it to the service's user and chmod 600 it.`,
          { path, mode: (mode & 0o777).toString(8), uid },
        );
      }
    }
    const bytes = size > LONGEST_FILE ? Buffer.alloc(0) : decode(readFileSync(file, 'latin1').trim());
    if (bytes.length !== KEY_BYTES) {
      throw new SecretsError(
        'master-key-malformed',
        `The master key ${path} is not a line of base64 of ${KEY_BYTES} bytes. Restore it from your backup.`,
        { path, size },
      );
    }
    return masterKeyOf(bytes);
  } finally {
    closeSync(file);
  }
}

/** A master key over the given 32 bytes, which are wiped. */
export function masterKeyOf(bytes: Buffer): MasterKey {
  const id = createHash('sha256').update('kennel master key id\0').update(bytes).digest('hex').slice(0, 16);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { id, key };
}

/** Strict base64: Buffer alone would skip what it cannot read. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : Buffer.alloc(0);
}
