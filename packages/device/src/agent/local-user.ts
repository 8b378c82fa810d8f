/**
 * Which person of the tenant a local user is: by the full name, or by the short name of the account in the domain, as
 * SSSD and winbind give it. Who is not ours is left to the other ways of signing in, before anything is asked.
 */
import { execFile } from 'node:child_process';
import { listCaches } from '../offline/cache.ts';
import type { Owner } from '../state/files.ts';
import { listUsers, sameUser } from '../state/user.ts';

/** Below are the system's own accounts (login.defs, UID_MIN), and 65534 is nobody. */
const LEAST_UID = 1000;
const NOBODY = 65_534;

/** Who is meant, as signing in and unlocking take it. */
export interface LocalUser {
  owner: Owner;
  /** The full name, where it is known. */
  user?: string;
  /** The account of the domain, where the local name is its short name. */
  account?: string;
}

/** Looks a name up as the system does (nsswitch): getent's line of passwd(5). */
export type Lookup = (name: string) => Promise<string | undefined>;

export const getent: Lookup = (name) =>
  new Promise((resolve) => {
    execFile('getent', ['passwd', '--', name], { timeout: 10_000, maxBuffer: 64 * 1024 }, (error, stdout) =>
      resolve(error === null ? stdout.split('\n')[0] : undefined),
    );
  });

/**
 * @param domain the domain whose accounts local users are, where it is configured; then also those who were never here
 * @returns why it is not ours, in words, where it is not
 */
export async function localUser(
  name: string,
  by: { stateDir: string; domain: string | undefined; lookup?: Lookup },
): Promise<LocalUser | string> {
  const { stateDir, domain, lookup = getent } = by;
  const owner = ownerIn(await lookup(name));
  if (owner === undefined) return 'not a local user';
  if (owner.uid < LEAST_UID || owner.uid === NOBODY) return "one of the system's own accounts";
  const known = knownUsers(stateDir);
  if (name.includes('@')) {
    const ours = known.some(({ upn }) => sameUser(upn, name)) || isOf(name, domain);
    return ours ? { owner, user: name } : 'not known here';
  }
  const short = name.slice(name.lastIndexOf('\\') + 1);
  const account = domain && `${short}@${domain}`;
  const fitting = known.filter(({ upn, principal }) =>
    account === undefined ? sameUser(shortOf(principal ?? upn), short) : sameUser(principal ?? upn, account),
  );
  const [one, ...others] = fitting;
  if (one !== undefined && others.length === 0) return { owner, user: one.upn };
  if (account !== undefined) return { owner, account };
  return others.length > 0 ? 'several people of that short name' : 'not known here';
}

interface Known {
  upn: string;
  /** Of their last ticket. */
  principal: string | undefined;
}

function knownUsers(stateDir: string): Known[] {
  const users = listUsers(stateDir).map(({ user, ticket }) => ({
    upn: user.upn,
    principal: ticket?.principal,
  }));
  const signedOut = listCaches(stateDir).filter(
    ({ user }) => !users.some(({ upn }) => sameUser(upn, user.upn)),
  );
  return [...users, ...signedOut.map(({ user }) => ({ upn: user.upn, principal: undefined }))];
}

/** name:password:uid:gid:gecos:home:shell */
function ownerIn(line: string | undefined): Owner | undefined {
  const [, , uid = '', gid = ''] = line?.split(':') ?? [];
  return /^\d{1,10}$/.test(uid) && /^\d{1,10}$/.test(gid)
    ? { uid: Number(uid), gid: Number(gid) }
    : undefined;
}

const shortOf = (name: string) => name.slice(0, name.indexOf('@'));
const isOf = (name: string, domain: string | undefined) =>
  domain !== undefined && sameUser(name.slice(name.lastIndexOf('@') + 1), domain);
