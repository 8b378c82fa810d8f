/**
 * The service connection point of hybrid join, in the forest's configuration partition: by it a computer of the forest
 * finds the tenant that it is to register with. Its name and keywords are those that computers look for.
 */
import { Attribute, Change } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import type { AdDirectory } from '../ldap/directory.ts';
import { ldapFailure } from '../ldap/failure.ts';
import { readEntry, texts } from '../ldap/search.ts';

const POINT = 'CN=62a0ff2e-97b9-4513-943f-0d221bd30080';
const CONTAINER = 'CN=Device Registration Configuration';
const TENANT_ID = 'azureADId:';
const TENANT_NAME = 'azureADName:';
/** Ours: where the tenant is, which no public name service tells. */
const TENANT_URL = 'kennelUrl:';

export interface HybridTenant {
  tenantId: string;
  /** The name by which the tenant is known, e.g. its host name. */
  name: string;
  url?: string;
}

export interface HybridConfiguration {
  dn: string;
  /** Whether something was made or changed. */
  changed: boolean;
}

type ConfigurationDirectory = Pick<AdDirectory, 'client' | 'configurationDn'>;

const containerOf = (directory: ConfigurationDirectory) =>
  `${CONTAINER},CN=Services,${directory.configurationDn}`;

/** The tenant that computers of the forest are told of; undefined where there is none. */
export async function readHybridTenant(directory: ConfigurationDirectory): Promise<HybridTenant | undefined> {
  const entry = await readEntry(directory, `${POINT},${containerOf(directory)}`, ['keywords']);
  const keywords = texts(entry, 'keywords');
  const value = (prefix: string) =>
    keywords.find((keyword) => keyword.toLowerCase().startsWith(prefix.toLowerCase()))?.slice(prefix.length);
  const [tenantId, name, url] = [value(TENANT_ID), value(TENANT_NAME), value(TENANT_URL)];
  if (tenantId === undefined || name === undefined) return undefined;
  return { tenantId, name, ...(url === undefined ? {} : { url }) };
}

/**
 * Makes or corrects the connection point. Needs an Enterprise Admin.
 * @param replace also where it names another tenant
 * @throws ActiveDirectoryError `hybrid-tenant-differs`, `access-denied`, `ldap-failed`
 */
export async function configureHybridTenant(
  directory: ConfigurationDirectory,
  { tenantId, name, url }: HybridTenant,
  replace = false,
): Promise<HybridConfiguration> {
  const { client } = directory;
  const container = containerOf(directory);
  const dn = `${POINT},${container}`;
  const keywords = [
    TENANT_ID + tenantId,
    TENANT_NAME + name,
    ...(url === undefined ? [] : [TENANT_URL + url]),
  ];
  const there = await readHybridTenant(directory);
  if (there && there.tenantId.toLowerCase() !== tenantId.toLowerCase() && !replace)
    throw new ActiveDirectoryError(
      'hybrid-tenant-differs',
      `Computers of this forest are told to register with the tenant ${there.tenantId} (${there.name}). If that is to end, give --replace.`,
      { there },
    );
  const add = (at: string, attributes: Record<string, string | string[]>) =>
    client.add(at, attributes).catch((error: unknown) => {
      throw ldapFailure(error, 'add', at);
    });
  if (!(await readEntry(directory, container, ['cn']))) await add(container, { objectClass: 'container' });
  const entry = await readEntry(directory, dn, ['keywords']);
  if (!entry) {
    await add(dn, { objectClass: 'serviceConnectionPoint', keywords });
    return { dn, changed: true };
  }
  if (texts(entry, 'keywords').sort().join('\n') === [...keywords].sort().join('\n'))
    return { dn, changed: false };
  const modification = new Attribute({ type: 'keywords', values: keywords });
  await client.modify(dn, new Change({ operation: 'replace', modification })).catch((error: unknown) => {
    throw ldapFailure(error, 'change', dn);
  });
  return { dn, changed: true };
}

/** Takes it away; whether it was there. @throws ActiveDirectoryError `access-denied`, `ldap-failed` */
export async function removeHybridTenant(directory: ConfigurationDirectory): Promise<boolean> {
  const dn = `${POINT},${containerOf(directory)}`;
  if (!(await readEntry(directory, dn, ['cn']))) return false;
  await directory.client.del(dn).catch((error: unknown) => {
    throw ldapFailure(error, 'delete', dn);
  });
  return true;
}
