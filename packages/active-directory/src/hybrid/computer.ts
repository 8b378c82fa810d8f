/**
 * A computer's own object: where it writes the certificate by which the tenant knows it again. The class computer
 * grants this to SELF (userCertificate is of the property set Personal Information, [MS-ADTS] 3.1.1.2.3.3).
 */
import { X509Certificate } from 'node:crypto';
import { Attribute, Change } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import type { AdDirectory } from '../ldap/directory.ts';
import { ldapFailure } from '../ldap/failure.ts';
import { escapeFilter } from '../ldap/search.ts';
import { guid, sid } from '../sync/values.ts';

export interface Computer {
  dn: string;
  /** objectGUID, in lower case. */
  guid: string;
  sid: string;
  /** Values of userCertificate, DER. */
  certificates: Buffer[];
}

const ATTRIBUTES = ['objectGUID', 'objectSid', 'userCertificate'];

/** @param account sAMAccountName, `WS1$` @throws ActiveDirectoryError `account-not-found` */
export async function readComputer(
  { client, baseDn }: Pick<AdDirectory, 'client' | 'baseDn'>,
  account: string,
): Promise<Computer> {
  const { searchEntries } = await client.search(baseDn, {
    scope: 'sub',
    filter: `(&(objectClass=computer)(sAMAccountName=${escapeFilter(account)}))`,
    attributes: ATTRIBUTES,
    explicitBufferAttributes: ATTRIBUTES,
  });
  const [entry] = searchEntries;
  const [objectGuid, objectSid] = entry ? [guid(entry), sid(entry)] : [];
  if (entry === undefined || objectGuid === undefined || objectSid === undefined)
    throw new ActiveDirectoryError(
      'account-not-found',
      `The domain shows no computer ${account}. Join the machine to the domain again.`,
    );
  const value = entry.userCertificate;
  const certificates = (Array.isArray(value) ? value : [value]).filter((each) => Buffer.isBuffer(each));
  return { dn: entry.dn, guid: objectGuid, sid: objectSid, certificates };
}

/**
 * Writes the certificate, signed in as the computer. Earlier ones of the same name go; others stay.
 * @returns whether it was not there yet
 * @throws ActiveDirectoryError `access-denied`, `ldap-failed`
 */
export async function writeComputerCertificate(
  { client }: Pick<AdDirectory, 'client'>,
  { dn, certificates }: Computer,
  der: Uint8Array,
): Promise<boolean> {
  if (certificates.some((each) => each.equals(der))) return false;
  const name = subjectOf(der);
  const kept = certificates.filter((each) => subjectOf(each) !== name);
  const modification = new Attribute({ type: 'userCertificate', values: [...kept, Buffer.from(der)] });
  await client.modify(dn, new Change({ operation: 'replace', modification })).catch((error: unknown) => {
    throw ldapFailure(error, 'change', dn);
  });
  return true;
}

/** Undefined for what is no certificate that can be read. */
function subjectOf(der: Uint8Array): string | undefined {
  try {
    return new X509Certificate(der).subject.toLowerCase();
  } catch {
    return undefined;
  }
}
