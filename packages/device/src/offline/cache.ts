/**
 * offline/<name>.json: what a user's next sign-in without the tenant needs. In clear stands how to ask the security key,
 * and nothing that is worth anything without it; `wrapped` opens with the key's secret, and `content` with what is in it.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { onDisk, readState, statePaths, writeState } from '../state/files.ts';
import { userFileName } from '../state/user.ts';

const base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);

const schema = z.strictObject({
  deviceId: z.guid(),
  user: z.strictObject({ upn: z.string().min(1), name: z.string(), objectId: z.string() }),
  credential: z.strictObject({
    id: base64Url,
    /** COSE key. */
    publicKey: base64Url,
    rpId: z.string(),
    origin: z.string(),
    /** For which the security key gives its secret; 32 bytes, other ones at each sign-in. */
    salt: base64Url,
  }),
  /** The key of `content`, sealed under the security key's secret. */
  wrapped: base64Url,
  content: base64Url,
  /** As in the content, which is what counts. */
  goodUntil: z.iso.datetime(),
  writtenOn: z.iso.datetime(),
});

/** As stored; times are ISO 8601 in UTC, by this machine's clock. */
export type OfflineCache = z.output<typeof schema>;

const directoryOf = (stateDir: string) => statePaths(stateDir).offline;
const pathOf = (stateDir: string, upn: string) => join(directoryOf(stateDir), userFileName(upn));

/** @throws DeviceError those of reading a state file */
export function findCache(stateDir: string, upn: string): OfflineCache | undefined {
  return readState(pathOf(stateDir, upn), schema);
}

/** All users' caches, the one that is good for longest first. @throws DeviceError those of reading a state file */
export function listCaches(stateDir: string): OfflineCache[] {
  const directory = directoryOf(stateDir);
  return onDisk(directory, () => namesIn(directory))
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readState(join(directory, name), schema) ?? [])
    .sort((a, b) => b.goodUntil.localeCompare(a.goodUntil));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // fs throws ErrnoException
    throw error;
  }
}

export function writeCache(stateDir: string, cache: OfflineCache): void {
  const directory = directoryOf(stateDir);
  onDisk(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  writeState(pathOf(stateDir, cache.user.upn), cache);
}

/** @returns whether there was one */
export function removeCache(stateDir: string, upn: string): boolean {
  const path = pathOf(stateDir, upn);
  const found = onDisk(path, () => namesIn(directoryOf(stateDir))).includes(userFileName(upn));
  onDisk(path, () => rmSync(path, { force: true }));
  return found;
}

export function removeAllCaches(stateDir: string): void {
  const directory = directoryOf(stateDir);
  onDisk(directory, () => rmSync(directory, { recursive: true, force: true }));
}
