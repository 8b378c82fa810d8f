/**
 * What has changed since the last run. DirSync where the credential may (Replicating Directory Changes): it tells of
 * deletions, and any controller continues from its cookie. Otherwise uSNChanged, which is a controller's own: another
 * controller, or the same one rebuilt, leads to a full run. It shows no deletions, so the anchors are compared.
 */
import type { Entry } from 'ldapts';
import { guidText } from '../cldap/netlogon.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { readEntry } from '../ldap/search.ts';
import { DirSync } from './controls.ts';
import { BINARY, watchedAttributes } from './objects.ts';
import type { SyncSource } from './source.ts';
import { big, bytes, first, guid } from './values.ts';

/** What a run goes on from. */
export type Mark = { by: 'dirsync'; cookie: string } | { by: 'usn'; controller: string; usn: string };

export interface Changes {
  anchors: string[];
  mark: Mark;
  /** Whether there is more, from that mark on. */
  more: boolean;
  /** Whether what is gone is among them. */
  showsDeletions: boolean;
}

const WATCHED = '(|(objectClass=user)(objectClass=group))';
/** Matches nothing: a cookie is all that is wanted. */
const NOTHING = '(&(objectClass=user)(!(objectClass=*)))';

const mayNot = (error: unknown) =>
  error instanceof Error &&
  /^(InsufficientAccess|UnavailableCriticalExtension|UnwillingToPerform)Error$/.test(error.name);

/** Where things stand now: taken before a full run reads, so that nothing is missed. */
export async function presentMark(source: SyncSource): Promise<Mark> {
  try {
    let cookie = Buffer.alloc(0);
    for (;;) {
      const control = new DirSync(cookie);
      await search(source, NOTHING, ['objectGUID'], control);
      cookie = Buffer.from(control.next);
      if (!control.more) return { by: 'dirsync', cookie: cookie.toString('base64') };
    }
  } catch (error) {
    if (!mayNot(error)) throw error;
    return usnMark(source);
  }
}

/** Undefined where the mark is of no use any more: a full run is needed. */
export async function changesSince(source: SyncSource, mark: Mark): Promise<Changes | undefined> {
  if (mark.by === 'usn') return usnChanges(source, mark);
  const control = new DirSync(Buffer.from(mark.cookie, 'base64'));
  let entries: Entry[];
  try {
    entries = await search(source, WATCHED, watchedAttributes(source.config), control);
  } catch (error) {
    if (mayNot(error)) return undefined; // the right was taken away: a full run finds the other way
    throw error;
  }
  return {
    anchors: entries.map(guid).filter((anchor) => anchor !== undefined),
    mark: { by: 'dirsync', cookie: control.next.toString('base64') },
    more: control.more,
    showsDeletions: true,
  };
}

async function search(
  { directory: { client, baseDn } }: SyncSource,
  filter: string,
  attributes: string[],
  control: DirSync,
): Promise<Entry[]> {
  const options = { scope: 'sub', filter, attributes, explicitBufferAttributes: BINARY } as const;
  return (await client.search(baseDn, options, control)).searchEntries;
}

async function usnMark({ directory }: SyncSource): Promise<Extract<Mark, { by: 'usn' }>> {
  const root = await readEntry(directory, '', ['highestCommittedUSN', 'dsServiceName']);
  const service = root && first(root, 'dsServiceName');
  const usn = root && first(root, 'highestCommittedUSN');
  if (service === undefined || usn === undefined)
    throw new ActiveDirectoryError(
      'ldap-malformed',
      'The domain controller does not say how far its changes have come.',
    );
  const { searchEntries } = await directory.client.search(service, {
    scope: 'base',
    attributes: ['invocationId'],
    explicitBufferAttributes: ['invocationId'],
  });
  const id = searchEntries[0] && bytes(searchEntries[0], 'invocationId');
  return { by: 'usn', usn, controller: id === undefined ? service : guidText(id) };
}

async function usnChanges(
  source: SyncSource,
  mark: Extract<Mark, { by: 'usn' }>,
): Promise<Changes | undefined> {
  const now = await usnMark(source);
  if (now.controller !== mark.controller || BigInt(now.usn) < BigInt(mark.usn)) return undefined;
  const anchors: string[] = [];
  const { client, baseDn } = source.directory;
  const pages = client.searchPaginated(baseDn, {
    scope: 'sub',
    filter: `(&(uSNChanged>=${BigInt(mark.usn) + 1n})${WATCHED})`,
    attributes: ['objectGUID', 'uSNChanged'],
    explicitBufferAttributes: BINARY,
    paged: { pageSize: 1000 },
  });
  for await (const { searchEntries } of pages) {
    for (const entry of searchEntries) {
      const anchor = guid(entry);
      if (anchor !== undefined && big(entry, 'uSNChanged') > BigInt(mark.usn)) anchors.push(anchor);
    }
  }
  return { anchors, mark: now, more: false, showsDeletions: false };
}
