/** Searches that every part of the package needs: whole lists by pages, distinguished names by SID, filters that are safe. */
import { decodeSid, encodeSid } from '@kennel/kerberos';
import { BerWriter, Control, type Entry } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import type { AdDirectory } from './directory.ts';

const PAGE = 500;
/** Attributes that are bytes. */
const BINARY = ['objectSid', 'tokenGroups', 'nTSecurityDescriptor', 'objectGUID', 'invocationId'];

/** All entries below `base` that match. */
export async function searchAll(
  { client, baseDn }: Pick<AdDirectory, 'client' | 'baseDn'>,
  filter: string,
  attributes: string[],
  base = baseDn,
): Promise<Entry[]> {
  const { searchEntries } = await client.search(base, {
    scope: 'sub',
    filter,
    attributes,
    explicitBufferAttributes: BINARY,
    paged: { pageSize: PAGE },
  });
  return searchEntries;
}

/** One entry with attributes that are only there when asked for; undefined where there is none. */
export async function readEntry(
  { client }: Pick<AdDirectory, 'client'>,
  dn: string,
  attributes: string[],
  control?: Control,
): Promise<Entry | undefined> {
  try {
    const { searchEntries } = await client.search(
      dn,
      { scope: 'base', attributes, explicitBufferAttributes: BINARY },
      control,
    );
    return searchEntries[0];
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchObjectError') return undefined;
    throw error;
  }
}

/** LDAP_SERVER_SD_FLAGS_OID ([MS-ADTS] 3.1.1.3.4.1.11): of a security descriptor only the DACL, which needs no more rights than reading. */
export class DaclOnly extends Control {
  constructor() {
    super('1.2.840.113556.1.4.801', { critical: true });
  }
  override writeControl(writer: BerWriter): void {
    const value = new BerWriter();
    value.startSequence();
    value.writeInt(4);
    value.endSequence();
    writer.writeBuffer(value.buffer, 4);
  }
}

/** RFC 4515 section 3: text inside a filter. */
export const escapeFilter = (text: string): string =>
  text.replace(/[\0()*\\]/g, (char) => `\\${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** A SID in a filter: AD takes its text ([MS-ADTS] 3.1.1.3.1.3.2). @throws KerberosError `sid-malformed` */
export const sidFilter = (sid: string): string => decodeSid(encodeSid(sid));

/** Values of an attribute as text, however many there are. */
export function texts(entry: Entry | undefined, name: string): string[] {
  const value = entry?.[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Values of an attribute as SIDs. */
export function sids(entry: Entry | undefined, name: string): string[] {
  const value = entry?.[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((each) => decodeSid(each as Buffer)); // asked for as bytes
}

export interface Account {
  dn: string;
  sid: string;
  /** sAMAccountName. */
  name: string;
  isGroup: boolean;
}

export const ACCOUNT_ATTRIBUTES = ['objectSid', 'sAMAccountName', 'objectClass', 'groupType'];

export function accountOf(entry: Entry): Account {
  return {
    dn: entry.dn,
    sid: sids(entry, 'objectSid')[0] ?? '',
    name: texts(entry, 'sAMAccountName')[0] ?? texts(entry, 'objectSid')[0] ?? entry.dn,
    isGroup: texts(entry, 'objectClass').includes('group'),
  };
}

/**
 * The account of a name: sAMAccountName, user principal name, SID or distinguished name.
 * @throws ActiveDirectoryError `account-not-found`
 */
export async function findAccount(directory: AdDirectory, name: string): Promise<Account> {
  const bare = name.includes('\\') ? name.slice(name.indexOf('\\') + 1) : name;
  const by = /^S-1-/i.test(bare)
    ? `(objectSid=${sidFilter(bare.toUpperCase())})`
    : `(|(sAMAccountName=${escapeFilter(bare)})(userPrincipalName=${escapeFilter(bare)})(distinguishedName=${escapeFilter(bare)}))`;
  const found = (await searchAll(directory, by, ACCOUNT_ATTRIBUTES)).map(accountOf).filter(({ sid }) => sid);
  const [account] = found;
  if (account && found.length === 1) return account;
  throw new ActiveDirectoryError(
    'account-not-found',
    `The domain has ${account ? 'several accounts' : 'no account'} "${name}". Give its sAMAccountName or SID.`,
  );
}

/** The groups of the wanted SIDs, by SID; those that the domain does not have are missing. */
export async function accountsBySid(
  directory: AdDirectory,
  wanted: readonly string[],
): Promise<Map<string, Account>> {
  const known = new Map<string, Account>();
  for (let at = 0; at < wanted.length; at += 50) {
    const some = wanted.slice(at, at + 50).map((sid) => `(objectSid=${sidFilter(sid)})`);
    for (const entry of await searchAll(directory, `(|${some.join('')})`, ACCOUNT_ATTRIBUTES)) {
      const account = accountOf(entry);
      known.set(account.sid, account);
    }
  }
  return known;
}
