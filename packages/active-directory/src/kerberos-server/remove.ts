/** Takes the Kerberos server objects of a domain away; interrupted and run again, it removes what is left. */
import type { AdDirectory } from '../ldap/directory.ts';
import { ldapFailure } from '../ldap/failure.ts';
import { readEntry, searchAll, texts } from '../ldap/search.ts';
import { checkLink, krbtgtNumber, namesOf, taken } from './objects.ts';

/** The distinguished names that are there and would be removed. @throws ActiveDirectoryError `object-name-taken` */
export async function removableObjects(directory: AdDirectory, objectName?: string): Promise<string[]> {
  const { userDn, computerDn, containerDn, connectionPointDn } = namesOf(directory.baseDn, objectName);
  const there: string[] = [];
  const point = await readEntry(directory, connectionPointDn, ['cn']);
  if (point) there.push(connectionPointDn);
  if (await readEntry(directory, containerDn, ['cn'])) {
    const inside = await searchAll(directory, '(objectClass=*)', ['cn'], containerDn);
    // What somebody else has put there stays, and the container with it.
    if (inside.length <= (point ? 2 : 1)) there.push(containerDn);
  }
  const computer = await readEntry(directory, computerDn, ['msDS-KrbTgtLink']);
  if (computer) {
    const [link] = texts(computer, 'msDS-KrbTgtLink');
    if (link) checkLink(link, userDn, computerDn);
    there.push(computerDn);
  }
  if (await readEntry(directory, userDn, ['cn'])) {
    if ((await krbtgtNumber(directory.client, userDn)) === undefined) throw taken(userDn);
    there.push(userDn);
  }
  return there;
}

/** Removes them, in the order given. @throws ActiveDirectoryError `access-denied`, `ldap-failed` */
export async function removeObjects(
  { client }: AdDirectory,
  names: readonly string[],
  onRemoved: (dn: string) => void = () => undefined,
): Promise<void> {
  for (const dn of names) {
    await client.del(dn).catch((error: unknown) => {
      throw ldapFailure(error, 'delete', dn);
    });
    onRemoved(dn);
  }
}
