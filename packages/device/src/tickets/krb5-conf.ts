/**
 * What MIT's and Heimdal's programs must know of realms (krb5.conf(5)): a whole file for a machine that knows of no
 * other, or a snippet for an include directory, which adds to what is there and sets nothing for everyone.
 */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { readDevice } from '../state/device.ts';
import { replaceFile } from '../state/files.ts';
import { listUsers } from '../state/user.ts';

interface Realm {
  realm: string;
  /** None where they are found by DNS. */
  kdcs: readonly KdcAddress[];
  /** Hosts of the realm whose names do not end in its own. */
  hosts?: readonly string[];
}

export interface Krb5ConfOptions extends Pick<Realm, 'realm' | 'hosts'> {
  kdc: KdcAddress | readonly KdcAddress[];
}

const NAME = /^[A-Za-z0-9._:-]+$/;

/** @throws DeviceError `dc-not-found` where a name could not stand in such a file */
export function krb5Conf({ realm, kdc, hosts = [] }: Krb5ConfOptions): string {
  return [
    '[libdefaults]',
    `    default_realm = ${checked(realm)}`,
    '    dns_lookup_realm = false',
    '    dns_lookup_kdc = false',
    '    dns_canonicalize_hostname = false',
    '    rdns = false',
    '    # Tickets with a PAC are larger than a datagram, and a KDC that is down answers sooner over TCP.',
    '    udp_preference_limit = 1',
    '',
    ...realmLines([{ realm, kdcs: 'host' in kdc ? [kdc] : kdc, hosts }]),
  ].join('\n');
}

function realmLines(realms: readonly Realm[]): string[] {
  const address = ({ host, port }: KdcAddress) =>
    `${host.includes(':') ? `[${checked(host)}]` : checked(host)}:${port}`;
  const placed = realms.filter(({ kdcs }) => kdcs.length > 0);
  return [
    ...(placed.length === 0 ? [] : ['[realms]']),
    ...placed.flatMap(({ realm, kdcs }) => [
      `    ${checked(realm)} = {`,
      ...kdcs.map((each) => `        kdc = ${address(each)}`),
      '    }',
    ]),
    ...(placed.length === 0 ? [] : ['']),
    '[domain_realm]',
    ...realms.flatMap(({ realm, hosts = [] }) => {
      const domain = checked(realm).toLowerCase();
      return [domain, `.${domain}`, ...hosts].map((name) => `    ${checked(name)} = ${realm}`);
    }),
    '',
  ];
}

/** Nothing of it could end a line or a section. */
function checked(name: string): string {
  if (!NAME.test(name)) throw new DeviceError('dc-not-found', { about: JSON.stringify(name) });
  return name;
}

export interface Krb5Snippet {
  realms: string[];
  text: string;
}

/**
 * The realms of this device: those of its users' tickets, and those whose domain controllers were named.
 *
 * @throws DeviceError `not-joined`, and those of the state files
 */
export function krb5Snippet(stateDir: string): Krb5Snippet {
  const { kdcs, device } = readDevice(stateDir);
  const ofUsers = listUsers(stateDir).flatMap(
    ({ ticket, partialTgt }) => ticket?.realm ?? partialTgt?.realm ?? [],
  );
  const ofDomain = device.domain?.dnsName.toUpperCase();
  const realms = [...new Set([...ofUsers, ...Object.keys(kdcs), ...(ofDomain ? [ofDomain] : [])])].sort();
  const lines = realmLines(realms.map((realm) => ({ realm, kdcs: kdcs[realm] ?? [] })));
  return { realms, text: ['# Written by kennel: the realms of this device.', ...lines].join('\n') };
}

export interface WrittenSnippet extends Krb5Snippet {
  path: string;
  /** Whether the machine's krb5.conf reads the directory. */
  included: boolean;
}

/** MIT reads files of an include directory whose names have letters, digits, - and _, or end in `.conf`. */
const FILE = 'kennel.conf';

/** @param krb5ConfPath the machine's; what KRB5_CONFIG names, else /etc/krb5.conf @throws DeviceError `krb5-conf-unwritable` */
export function writeKrb5Snippet(
  stateDir: string,
  directory: string,
  krb5ConfPath: string = (process.env.KRB5_CONFIG ?? '/etc/krb5.conf').split(':')[0] ?? '',
): WrittenSnippet {
  const snippet = krb5Snippet(stateDir);
  const path = join(directory, FILE);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    replaceFile(path, snippet.text);
    chmodSync(path, 0o644); // every program of the machine reads it
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new DeviceError('krb5-conf-unwritable', {
      about: `${path}: ${code}`,
      details: { path, code },
      cause,
    });
  }
  return { ...snippet, path, included: includes(krb5ConfPath, directory) };
}

function includes(path: string, directory: string): boolean {
  try {
    const lines = readFileSync(path, 'utf8').matchAll(/^\s*includedir\s+(\S+?)\/?\s*$/gm);
    return [...lines].some(([, included]) => included === directory.replace(/\/$/, ''));
  } catch {
    return false; // a machine without one
  }
}
