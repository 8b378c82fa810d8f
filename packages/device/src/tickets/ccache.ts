/** The ticket cache that every Kerberos program of the machine reads: MIT's types FILE and DIR, for its owner alone. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Ccache, decodeCcache, encodeCcache, KerberosError, type TgsResult } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { type Owner, replaceFile } from '../state/files.ts';
import { fileIn, folderOf, makePrimary } from './collection.ts';

const LARGEST = 4 * 1024 * 1024;

/**
 * The place that a cache's name means: the path of a file for `FILE:/path` or a path, `DIR:/path` for a folder.
 *
 * @throws DeviceError `ccache-unsupported` for the other types
 */
export function ccachePlace(name: string): string {
  const [, type, rest] = /^([A-Za-z]{2,}):(.*)$/s.exec(name) ?? [];
  const path = type === undefined ? name : (rest ?? '');
  if (path === '' || (type !== undefined && type !== 'FILE' && type !== 'DIR'))
    throw new DeviceError('ccache-unsupported', { about: name });
  if (type !== 'DIR') return resolve(path);
  // `DIR::/path/tktXYZ` is one cache of the folder, and a file like any other.
  return path.startsWith(':') ? resolve(path.slice(1)) : `DIR:${resolve(path)}`;
}

/** Where MIT's programs look by default. @throws DeviceError `ccache-unsupported` */
export function defaultCcache(env: NodeJS.ProcessEnv = process.env): string {
  if (env.KRB5CCNAME) return ccachePlace(env.KRB5CCNAME);
  return process.getuid === undefined ? join(tmpdir(), 'krb5cc') : `/tmp/krb5cc_${process.getuid()}`;
}

export interface HowWritten {
  /** Whose the file is to be, where it is not ours. */
  owner?: Owner | undefined;
  /** Where it lies beside others: whether programs are to use it from now on (true unless given), or only if they use none. */
  primary?: boolean | undefined;
}

/** Replaces the principal's cache by a full TGT. @returns the file that it is in @throws DeviceError `ccache-unwritable` */
export function writeCcache(
  place: string,
  { credentials, kdcTimeOffset }: TgsResult,
  how: HowWritten = {},
): string {
  const cache = { principal: credentials.client, credentials: [credentials], kdcTimeOffset };
  return replaceCcache(place, cache, how);
}

/** @returns the file that it is in @throws DeviceError `ccache-unwritable` */
export function replaceCcache(
  place: string,
  cache: Ccache,
  { owner, primary = true }: HowWritten = {},
): string {
  const folder = folderOf(place);
  const principal = principalOf(cache);
  const path = folder === undefined ? place : fileIn(folder, (file) => isCacheOf(file, principal));
  const bytes = encodeCcache(cache);
  try {
    replaceFile(path, bytes, owner);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('ccache-unwritable', { about: `${path}: ${code}`, details: { path, code }, cause });
  } finally {
    bytes.fill(0);
  }
  if (folder !== undefined) makePrimary(path, primary);
  return path;
}

function isCacheOf(path: string, principal: string): boolean {
  const cache = readCcache(path);
  return cache !== undefined && principalOf(cache) === principal;
}

/** Undefined where there is none, or where what is there is no cache that we can read: another program owns it then. */
export function readCcache(path: string): Ccache | undefined {
  try {
    const found = statSync(path);
    return !found.isFile() || found.size > LARGEST ? undefined : decodeCcache(readFileSync(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // fs throws ErrnoException
    if (error instanceof KerberosError || code === 'ENOENT' || code === 'EISDIR') return undefined;
    throw new DeviceError('ccache-unwritable', {
      about: `${path}: ${code}`,
      details: { path, code },
      cause: error,
    });
  }
}

/** `alice@CORP.EXAMPLE.COM` */
export const principalOf = ({ principal }: Pick<Ccache, 'principal'>): string =>
  `${principal.name.nameString.join('/')}@${principal.realm}`;

/** Removes the cache, if it is still this principal's. @returns whether it was */
export function removeCcache(path: string, principal: string): boolean {
  if (!isCacheOf(path, principal)) return false;
  rmSync(path, { force: true });
  return true;
}
