/** The ticket cache that every Kerberos program of the machine reads: MIT's FILE type, for its owner alone. */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Ccache, decodeCcache, encodeCcache, KerberosError, type TgsResult } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { type Owner, replaceFile } from '../state/files.ts';

const LARGEST = 4 * 1024 * 1024;

/**
 * The file that a cache's name means: `FILE:/path`, or a path.
 *
 * @throws DeviceError `ccache-unsupported` for the other types
 */
export function ccachePath(name: string): string {
  const [, type, rest] = /^([A-Za-z]{2,}):(.*)$/s.exec(name) ?? [];
  if (type !== undefined && type !== 'FILE') throw new DeviceError('ccache-unsupported', { about: name });
  const path = type === undefined ? name : (rest ?? '');
  if (path === '') throw new DeviceError('ccache-unsupported', { about: name });
  return resolve(path);
}

/** Where MIT's programs look by default. @throws DeviceError `ccache-unsupported` */
export function defaultCcache(env: NodeJS.ProcessEnv = process.env): string {
  if (env.KRB5CCNAME) return ccachePath(env.KRB5CCNAME);
  return process.getuid === undefined ? join(tmpdir(), 'krb5cc') : `/tmp/krb5cc_${process.getuid()}`;
}

/** Replaces the cache by a full TGT. @throws DeviceError `ccache-unwritable` */
export function writeCcache(path: string, { credentials, kdcTimeOffset }: TgsResult, owner?: Owner): void {
  replaceCcache(path, { principal: credentials.client, credentials: [credentials], kdcTimeOffset }, owner);
}

/** @throws DeviceError `ccache-unwritable` */
export function replaceCcache(path: string, cache: Ccache, owner?: Owner): void {
  const bytes = encodeCcache(cache);
  try {
    replaceFile(path, bytes, owner);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('ccache-unwritable', { about: `${path}: ${code}`, details: { path, code }, cause });
  } finally {
    bytes.fill(0);
  }
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
  const cache = readCcache(path);
  if (cache === undefined || principalOf(cache) !== principal) return false;
  rmSync(path, { force: true });
  return true;
}
