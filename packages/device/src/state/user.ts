/** users/<name>.json: a signed-in user's Primary Refresh Token and session key, sealed, and the state of the tickets. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DeviceError } from '../errors/device-error.ts';
import { DEVICE_ERRORS, type DeviceErrorCode } from '../errors/table.ts';
import { onDisk, readState, statePaths, writeState } from './files.ts';

const base64Url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const time = z.iso.datetime();

export const userSchema = z.strictObject({
  user: z.strictObject({ upn: z.string().min(1), name: z.string(), objectId: z.string() }),
  prt: z.strictObject({
    token: base64Url,
    sessionKey: base64Url,
    issuedOn: time,
    expiresOn: time,
    authority: z.string(),
  }),
  /** Milliseconds by which the tenant's clock was ahead of this machine's. */
  tenantTimeOffset: z.int(),
  /** Where the user's tickets go, and whose that file is where it is not this program's user's. */
  ccache: z.string(),
  ccacheOwner: z.strictObject({ uid: z.int().min(0), gid: z.int().min(0) }).optional(),
  topLevelNames: z.string().optional(),
  /** Still to be exchanged: client key and AS-REP, sealed. */
  partialTgt: z.strictObject({ sealed: base64Url, realm: z.string(), endTime: time }).optional(),
  /** The last full TGT that was written to a cache. */
  ticket: z
    .strictObject({
      realm: z.string(),
      principal: z.string(),
      endTime: time,
      kdcTimeOffset: z.int(),
      ccache: z.string(),
    })
    .optional(),
  /** Why the last sign-in has not led to a full TGT. */
  refusal: z
    .strictObject({
      code: z.custom<DeviceErrorCode>(
        (code) => typeof code === 'string' && Object.hasOwn(DEVICE_ERRORS, code),
      ),
      message: z.string(),
    })
    .optional(),
  /** Offline sign-in: the key of the cache's content, and since when the tenant was not asked, if it was not. */
  offline: z.strictObject({ key: base64Url, unlockedOn: time.optional() }).optional(),
  /** Why the last sign-in left nothing for one without the tenant. */
  offlineRefusal: z.enum(['offline-off', 'offline-not-offered', 'offline-key-without-secret']).optional(),
});

/** As stored; times are ISO 8601 in UTC, by the tenant's and the domain controller's clocks. */
export type UserRecord = z.output<typeof userSchema>;

const folded = (upn: string) => upn.normalize('NFC').toLowerCase();

/** Names of users are told apart without regard to case. */
export const sameUser = (a: string, b: string): boolean => folded(a) === folded(b);

/**
 * Whether a person is who is meant: by name, or by the account of the domain. Where the account is known, its name says
 * whose it is: a user name that was chosen to look like another account's does not.
 */
export function isMeant(
  meant: { user?: string; account?: string },
  who: { upn: string; principal: string | undefined },
): boolean {
  const { user, account } = meant;
  if (user !== undefined && !sameUser(user, who.upn)) return false;
  return account === undefined || sameUser(account, who.principal ?? who.upn);
}

type UserSecret = 'prt' | 'session-key' | 'partial-tgt' | 'offline-key' | 'offline-content';

/** What a value of this user is sealed for. */
export const userLabel = (upn: string, purpose: UserSecret) => ({
  purpose,
  row: folded(upn),
});

/** `alice%40corp.example.com.json` */
export function userFileName(upn: string): string {
  const name = encodeURIComponent(folded(upn));
  const short = name.length <= 200 ? name : createHash('sha256').update(name).digest('hex');
  return `${short}.json`;
}

const pathOf = (stateDir: string, upn: string) => join(statePaths(stateDir).users, userFileName(upn));

/** All users, the last one to sign in first. @throws DeviceError those of reading a state file */
export function listUsers(stateDir: string): UserRecord[] {
  const directory = statePaths(stateDir).users;
  const names = onDisk(directory, () => readdirIfThere(directory)).filter((name) => name.endsWith('.json'));
  return names
    .flatMap((name) => readState(join(directory, name), userSchema) ?? [])
    .sort((a, b) => b.prt.issuedOn.localeCompare(a.prt.issuedOn));
}

function readdirIfThere(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // fs throws ErrnoException
    throw error;
  }
}

/** @returns undefined where this user has not signed in */
export function findUser(stateDir: string, upn: string): UserRecord | undefined {
  return readState(pathOf(stateDir, upn), userSchema);
}

/** The named user, or the last one to sign in. @throws DeviceError `not-signed-in` */
export function pickUser(stateDir: string, upn: string | undefined): UserRecord {
  const found = upn === undefined ? listUsers(stateDir)[0] : findUser(stateDir, upn);
  if (found === undefined) throw new DeviceError('not-signed-in', upn === undefined ? {} : { about: upn });
  return found;
}

export function writeUser(stateDir: string, record: UserRecord): void {
  const directory = statePaths(stateDir).users;
  onDisk(directory, () => mkdirSync(directory, { recursive: true, mode: 0o700 }));
  writeState(pathOf(stateDir, record.user.upn), record);
}

export function removeUser(stateDir: string, upn: string): void {
  const path = pathOf(stateDir, upn);
  onDisk(path, () => rmSync(path, { force: true }));
}
