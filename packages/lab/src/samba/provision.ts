/**
 * Makes a Samba AD domain inside a namespace where Samba's folders are the domain's own, so that no file of
 * this machine's Samba is read or written; then its users, groups and shares, before the server starts.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from './directory.ts';
import { SambaError } from './errors.ts';
import { writeChange, writeEntry } from './ldif.ts';
import type { RunOptions, RunResult } from './program.ts';
import { tlsSettings } from './tls.ts';

export interface SambaUser {
  /** The sAMAccountName; the user principal name is this at the realm in lower case. */
  name: string;
  /** A random one that nobody knows, unless given. */
  password?: string;
  displayName?: string;
  /** sAMAccountNames of groups, of the options or of every AD domain. */
  groups?: readonly string[];
  /** Further attributes, or others than ours (userAccountControl, pwdLastSet, accountExpires, ...). */
  attributes?: Readonly<Record<string, string>>;
}

export interface SambaShare {
  name: string;
  /** sAMAccountNames of the users and groups who are admitted, by the share and by the files' NT ACL. */
  allow: readonly string[];
  /** File names (no folders) and their text. */
  files: Readonly<Record<string, string>>;
}

/** What identifies a domain, complete. */
export interface DomainNames {
  /** Upper case. */
  realm: string;
  netbiosName: string;
  /** The domain controller's name, without domain. */
  hostName: string;
  /** DC=corp,DC=example,DC=com */
  baseDn: string;
}

/** Where the domain's files are, inside the namespace and, but for `shares`, outside too. */
export interface DomainFolders {
  workDir: string;
  privateDir: string;
  /** The folder of shares as the namespace sees it. */
  shares: string;
}

type Run = (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;

/** The folders of `workDir` that stand in for Samba's own. Whatever they held is removed. */
const STANDING_IN = {
  etc: '/etc/samba',
  lib: '/var/lib/samba',
  cache: '/var/cache/samba',
  log: '/var/log/samba',
} as const;
const SHARES = '/run/shares';
/** FILE_ALL_ACCESS in figures ([MS-DTYP] 2.4.3): Samba 4.17 reads SDDL's FA without the standard rights. */
const FULL_ACCESS = '0x001f01ff';

/** A password that satisfies a new domain's policy and that nobody knows. */
export const randomPassword = () => `aA1!${randomBytes(18).toString('base64url')}`;

/** Makes the domain's folders and puts them, hosts and resolv.conf over the machine's inside the namespace. */
export async function mountFolders(
  run: Run,
  workDir: string,
  names: DomainNames,
  address: string,
  others: readonly { fqdn: string; address: string }[] = [],
): Promise<DomainFolders> {
  for (const folder of [...Object.keys(STANDING_IN), 'shares']) {
    rmSync(join(workDir, folder), { recursive: true, force: true });
    mkdirSync(join(workDir, folder), { recursive: true });
  }
  const domain = names.realm.toLowerCase();
  const fqdn = `${names.hostName}.${domain}`;
  const known = others.map((other) => `${other.address} ${other.fqdn}\n`).join('');
  writeFileSync(
    join(workDir, 'hosts'),
    `127.0.0.1 localhost\n${address} ${fqdn} ${names.hostName}\n${known}`,
  );
  // A controller that joins asks those that are there.
  const servers = [...others, { address }].map((server) => `nameserver ${server.address}\n`).join('');
  writeFileSync(join(workDir, 'resolv.conf'), `search ${domain}\n${servers}`);
  const script = [
    'set -e; cd "$0"',
    'mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/samba /run/shares',
    // faketime leaves its shared memory behind when it is killed; here it goes with the namespace.
    'mount -t tmpfs tmpfs /dev/shm',
    'mount --bind shares /run/shares; mount --bind hosts /etc/hosts; mount --bind resolv.conf /etc/resolv.conf',
    ...Object.entries(STANDING_IN).map(([folder, path]) => `mount --bind ${folder} ${path}`),
  ].join('\n');
  await run('sh', ['-c', script, workDir]);
  return { workDir, privateDir: `${STANDING_IN.lib}/private`, shares: SHARES };
}

/** Provisions the domain; the address is the one that its DNS and its servers use. */
export async function provisionDomain(
  run: Run,
  names: DomainNames,
  address: string,
  adminPassword: string,
): Promise<void> {
  const options = {
    realm: names.realm,
    domain: names.netbiosName,
    'server-role': 'dc',
    'dns-backend': 'SAMBA_INTERNAL',
    'host-name': names.hostName,
    'host-ip': address,
    adminpass: adminPassword,
  };
  try {
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    await run('samba-tool', ['domain', 'provision', ...args], { timeoutSeconds: 120 });
  } catch (error) {
    const output =
      error instanceof SambaError ? String(error.details.stderr).trim().slice(-3000) : String(error);
    throw new SambaError('provision-failed', `Samba could not provision ${names.realm}:\n${output}`, {
      cause: error instanceof SambaError ? error.code : undefined,
    });
  }
}

/** Corrects the address of the controller in its own DNS, which it serves by now. */
export async function moveController(
  run: Run,
  { realm, hostName }: DomainNames,
  { adminPassword, from, to }: { adminPassword: string; from: string; to: string },
): Promise<void> {
  const as = ['-U', `Administrator%${adminPassword}`];
  const zone = realm.toLowerCase();
  await run('samba-tool', ['dns', 'update', `${hostName}.${zone}`, zone, hostName, 'A', from, to, ...as]);
}

/** Joins a domain as another controller: it copies the directory of the one that is there. */
export async function joinDomain(
  run: Run,
  names: DomainNames,
  { adminPassword, from, role }: { adminPassword: string; from: string; role: 'DC' | 'RODC' },
): Promise<void> {
  const args = [
    ...['domain', 'join', names.realm.toLowerCase(), role, `--server=${from}`],
    ...['-U', `Administrator%${adminPassword}`, '--dns-backend=SAMBA_INTERNAL'],
    ...[`--realm=${names.realm}`, `--option=netbios name=${names.hostName.toUpperCase()}`],
  ];
  await run('samba-tool', args, { timeoutSeconds: 120 });
}

/** Adds groups and users. */
export async function addAccounts(
  directory: Directory,
  names: DomainNames,
  groups: readonly string[],
  users: readonly SambaUser[],
): Promise<void> {
  const dnOf = (name: string) => `CN=${name},CN=Users,${names.baseDn}`;
  const entries = [
    ...groups.map((name) => writeEntry(dnOf(name), { objectClass: 'group', sAMAccountName: name })),
    ...users.map(({ name, password = randomPassword(), displayName = name, attributes }) =>
      writeEntry(dnOf(name), {
        objectClass: 'user',
        sAMAccountName: name,
        userPrincipalName: `${name}@${names.realm.toLowerCase()}`,
        displayName,
        userAccountControl: '512',
        unicodePwd: Buffer.from(`"${password}"`, 'utf16le'),
        ...attributes,
      }),
    ),
  ];
  if (entries.length > 0) await directory.add(entries.join(''));
  const memberships = users.flatMap((user) =>
    (user.groups ?? []).map((group) => ({ user: user.name, group })),
  );
  if (memberships.length === 0) return;
  const accounts = await readAccounts(directory);
  const changes = memberships.map(({ user, group }) =>
    writeChange(accountOf(accounts, group).dn, 'add', 'member', [dnOf(user)]),
  );
  await directory.modify(changes.join(''));
}

/** Every user and group by sAMAccountName in lower case. */
export type Accounts = ReadonlyMap<string, { dn: string; sid: string }>;

export async function readAccounts(directory: Directory): Promise<Accounts> {
  const entries = await directory.search({
    filter: '(&(sAMAccountName=*)(objectSid=*))',
    attributes: ['sAMAccountName', 'objectSid'],
  });
  return new Map(
    entries.map(({ dn, attributes }) => {
      const [name = ''] = attributes.sAMAccountName ?? [];
      const [sid = ''] = attributes.objectSid ?? [];
      return [name.toLowerCase(), { dn, sid }];
    }),
  );
}

/** @throws SambaError unknown-account */
export function accountOf(accounts: Accounts, name: string): { dn: string; sid: string } {
  const account = accounts.get(name.toLowerCase());
  if (!account)
    throw new SambaError('unknown-account', `The domain has no user or group "${name}"; add it first.`);
  return account;
}

/** Writes the shares' files with an NT ACL that admits administrators and the accounts named, and nobody else. */
export async function makeShares(
  run: Run,
  folders: DomainFolders,
  shares: readonly SambaShare[],
  accounts: Accounts,
): Promise<void> {
  const work = shares.flatMap((share) => {
    const sids = share.allow.map((name) => accountOf(accounts, name).sid);
    const aces = ['BA', 'SY', ...sids].map((sid) => `(A;OICI;${FULL_ACCESS};;;${sid})`).join('');
    mkdirSync(join(folders.workDir, 'shares', share.name));
    for (const [file, text] of Object.entries(share.files)) {
      writeFileSync(join(folders.workDir, 'shares', share.name, file), text);
    }
    const paths = [share.name, ...Object.keys(share.files).map((file) => join(share.name, file))];
    return paths.map((path) => ['ntacl', 'set', `O:BAG:BAD:P${aces}`, join(folders.shares, path)]);
  });
  for (const args of work) await run('samba-tool', args);
}

/** Writes the server's smb.conf. */
export function writeSmbConf(
  folders: DomainFolders,
  names: DomainNames,
  address: string,
  serverServices: string | undefined,
  shares: readonly SambaShare[] = [],
  accounts: Accounts = new Map(),
): void {
  const sysvol = `${STANDING_IN.lib}/sysvol`;
  const section = (name: string, members: Record<string, string>) =>
    `[${name}]\n${Object.entries(members)
      .map(([key, value]) => `\t${key} = ${value}\n`)
      .join('')}`;
  const sections = [
    section('global', {
      realm: names.realm,
      workgroup: names.netbiosName,
      'netbios name': names.hostName.toUpperCase(),
      'server role': 'active directory domain controller',
      interfaces: `lo ${address}`,
      'bind interfaces only': 'yes',
      'load printers': 'no',
      'disable spoolss': 'yes',
      'prefork children': '1',
      'log level': '1 auth_audit:3',
      ...tlsSettings(folders.privateDir),
      ...(serverServices && { 'server services': serverServices }),
    }),
    section('sysvol', { path: sysvol, 'read only': 'no' }),
    section('netlogon', { path: `${sysvol}/${names.realm.toLowerCase()}/scripts`, 'read only': 'no' }),
    ...shares.map((share) =>
      section(share.name, {
        path: join(folders.shares, share.name),
        'read only': 'no',
        'valid users': share.allow.map((name) => accountOf(accounts, name).sid).join(' '),
      }),
    ),
  ];
  writeFileSync(join(folders.workDir, 'etc', 'smb.conf'), sections.join(''));
}
