/**
 * Whether this machine is a computer of an Active Directory domain, by what a join to a domain leaves behind: the
 * machine's keytab (MIT's default one), and for who may not read that, Samba's configuration.
 */
import { readFileSync } from 'node:fs';
import { decodeKeytab, KerberosError, type KeytabEntry } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';

export interface Membership {
  /** In capitals. */
  realm: string;
  /** sAMAccountName, `WS1$`; undefined where only Samba's configuration could be read. */
  account: string | undefined;
  /** Undefined where nothing here says it. */
  netbiosName: string | undefined;
}

/** Where it is looked for. */
export interface MembershipFiles {
  keytab: string;
  smbConf: string;
}

const LARGEST = 1024 * 1024;

export const membershipFiles = (env: NodeJS.ProcessEnv = process.env): MembershipFiles => ({
  keytab: (env.KRB5_KTNAME ?? '/etc/krb5.keytab').replace(/^(?:WR)?FILE:/, ''),
  smbConf: env.SMB_CONF_PATH ?? '/etc/samba/smb.conf',
});

/** Undefined where the machine is in no domain, as far as this process may see. */
export function findMembership(
  { keytab, smbConf }: MembershipFiles = membershipFiles(),
): Membership | undefined {
  const samba = sambaDomain(readIfThere(smbConf)?.toString('utf8') ?? '');
  const account = machineAccount(entriesOf(readIfThere(keytab)));
  const realm = account?.realm ?? samba?.realm;
  if (realm === undefined) return undefined;
  return {
    realm,
    account: account?.name,
    netbiosName: samba?.realm === realm ? samba.netbiosName : undefined,
  };
}

export interface MachineKeys {
  /** Of the newest keys. */
  realm: string;
  account: string;
  entries: KeytabEntry[];
}

/** The machine's keys. @throws DeviceError `not-domain-member` */
export function readMachineKeys(keytab: string): MachineKeys {
  let bytes: Buffer;
  try {
    bytes = readFileSync(keytab);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('not-domain-member', { about: `${keytab}: ${code}`, cause });
  }
  const entries = entriesOf(bytes);
  const account = machineAccount(entries);
  if (account === undefined)
    throw new DeviceError('not-domain-member', { about: `${keytab} has no key of a principal like WS1$` });
  return { realm: account.realm, account: account.name, entries };
}

/** The principal of a computer account has one part and ends in `$`. */
function machineAccount(entries: KeytabEntry[]): { realm: string; name: string } | undefined {
  const machines = entries.filter(
    ({ name }) => name.nameString.length === 1 && name.nameString[0]?.endsWith('$'),
  );
  const [newest] = machines.sort((a, b) => b.timestamp.getTime() - a.timestamp.getTime() || b.kvno - a.kvno);
  return newest && { realm: newest.realm, name: newest.name.nameString[0] ?? '' };
}

function entriesOf(bytes: Buffer | undefined): KeytabEntry[] {
  if (bytes === undefined || bytes.length > LARGEST) return [];
  try {
    return decodeKeytab(bytes);
  } catch (error) {
    if (error instanceof KerberosError) return []; // no keytab that anyone could use
    throw error;
  }
}

/** `[global]` of smb.conf(5), where it says that the machine is a member of a domain. */
function sambaDomain(text: string): { realm: string; netbiosName: string | undefined } | undefined {
  const [, global = ''] = /^\s*\[global\]\s*$([^[]*)/im.exec(text) ?? [];
  const value = (name: string) =>
    new RegExp(`^[ \\t]*${name.replaceAll(' ', '[ \\t]*')}[ \\t]*=[ \\t]*(\\S+)`, 'im').exec(global)?.[1];
  const realm = value('realm')?.toUpperCase();
  if (value('security')?.toLowerCase() !== 'ads' || realm === undefined) return undefined;
  return { realm, netbiosName: value('workgroup')?.toUpperCase() };
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined; // not there, or not for this process to see
  }
}
