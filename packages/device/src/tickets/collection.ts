/**
 * The DIR type of MIT's ticket caches: a folder with a cache (a file `tkt...`) for each principal, and a file `primary`
 * that names the one that programs use. So an administrator account's ticket lies beside the user's own.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DeviceError } from '../errors/device-error.ts';
import { replaceFile } from '../state/files.ts';

const PREFIX = 'DIR:';

/** The folder of `DIR:/path`; undefined for the path of a file. */
export const folderOf = (place: string): string | undefined =>
  place.startsWith(PREFIX) ? place.slice(PREFIX.length) : undefined;

/** What KRB5CCNAME calls a place. */
export const nameOfPlace = (place: string): string =>
  folderOf(place) === undefined ? `FILE:${place}` : place;

/** Whether a cache file is the place, or one of its folder. */
export function isAt(place: string, file: string): boolean {
  const folder = folderOf(place);
  return folder === undefined ? file === place : dirname(file) === folder;
}

/**
 * The file of a principal's cache in a folder, which is made where it is missing: the one that is there, or a new name.
 *
 * @param isTheirs whether a file is the principal's cache
 * @throws DeviceError `ccache-unwritable`, also for a folder that others can write to
 */
export function fileIn(folder: string, isTheirs: (file: string) => boolean): string {
  const { uid, mode, directory } = onFolder(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    return { uid: found.uid, mode: found.mode, directory: found.isDirectory() };
  });
  const ours = process.getuid === undefined || uid === process.getuid();
  if (!directory || !ours || (mode & 0o022) !== 0)
    throw new DeviceError('ccache-unwritable', { about: `${folder}: it is not yours alone` });
  const files = onFolder(folder, () => readdirSync(folder)).filter((name) => /^tkt[^.]*$/.test(name));
  const found = files.map((name) => join(folder, name)).find(isTheirs);
  return found ?? join(folder, `tkt${randomBytes(6).toString('base64url')}`);
}

/** Makes a cache the one that programs use; where there is one already, only if that is wanted. */
export function makePrimary(file: string, wanted: boolean): void {
  const [folder, name] = [dirname(file), basename(file)];
  const current = primaryOf(folder);
  if (current === name || (!wanted && current !== undefined)) return;
  onFolder(folder, () => replaceFile(join(folder, 'primary'), `${name}\n`));
}

/** Undefined where none is named, or the one that is named is gone. */
function primaryOf(folder: string): string | undefined {
  try {
    const name = readFileSync(join(folder, 'primary'), 'utf8').trim();
    return /^tkt[^/\0]*$/.test(name) && existsSync(join(folder, name)) ? name : undefined;
  } catch {
    return undefined; // none yet
  }
}

function onFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    const about = `${folder}: ${code}`;
    throw new DeviceError('ccache-unwritable', { about, details: { folder, code }, cause });
  }
}
