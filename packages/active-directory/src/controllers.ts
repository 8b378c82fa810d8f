/** The domain controllers that the directory itself names, writable and read-only ones. */
import { guidText } from './cldap/netlogon.ts';
import type { AdDirectory } from './ldap/directory.ts';
import { readEntry, searchAll, texts } from './ldap/search.ts';

export interface DomainController {
  hostName: string;
  writable: boolean;
}

const BIT_AND = '1.2.840.113556.1.4.803';
/** SERVER_TRUST_ACCOUNT and PARTIAL_SECRETS_ACCOUNT ([MS-ADTS] 2.2.16). */
const SERVER_TRUST = 0x2000;
const PARTIAL_SECRETS = 0x04000000;

/** By host name. Kerberos server objects are no controllers: they have no host name. */
export async function listDomainControllers(
  directory: Pick<AdDirectory, 'client' | 'baseDn'>,
): Promise<DomainController[]> {
  const filter = `(&(dNSHostName=*)(|(userAccountControl:${BIT_AND}:=${SERVER_TRUST})(userAccountControl:${BIT_AND}:=${PARTIAL_SECRETS})))`;
  const entries = await searchAll(directory, filter, ['dNSHostName', 'userAccountControl']);
  return entries
    .map((entry) => ({
      hostName: (texts(entry, 'dNSHostName')[0] ?? '').toLowerCase(),
      writable: (Number(texts(entry, 'userAccountControl')[0]) & SERVER_TRUST) !== 0,
    }))
    .sort((a, b) => a.hostName.localeCompare(b.hostName));
}

/** Name of the controller with that invocationId; undefined where there is none any more. */
export async function controllerOfInvocation(
  directory: Pick<AdDirectory, 'client' | 'configurationDn'>,
  invocationId: string,
): Promise<string | undefined> {
  const { client, configurationDn: baseDn } = directory;
  const all = await searchAll({ client, baseDn }, '(objectClass=nTDSDSA)', ['invocationId']);
  const settings = all.find(({ invocationId: id }) => Buffer.isBuffer(id) && guidText(id) === invocationId);
  if (!settings) return undefined;
  const server = await readEntry(directory, settings.dn.slice(settings.dn.indexOf(',') + 1), ['dNSHostName']);
  return texts(server, 'dNSHostName')[0]?.toLowerCase();
}
