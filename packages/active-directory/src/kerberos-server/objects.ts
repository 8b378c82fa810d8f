/**
 * The Kerberos server object of a domain: three entries by which domain controllers take the tenant for one of
 * their read-only controllers ([MS-ADTS] 6.1.1.3.2). Making them again completes what an interruption left.
 */
import { type Client, Control } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { type AdDirectory, findEntry, objectSid } from '../ldap/directory.ts';
import { ldapFailure } from '../ldap/failure.ts';

/** LDAP_SERVER_RODC_DCPROMO_OID: the controller numbers and names the krbtgt account itself. */
const RODC_PROMOTION = new Control('1.2.840.113556.1.4.1341', { critical: true });
/** By which administrators' tools find the other two. */
const CONNECTION_POINT = '900274c4-b7d2-43c8-90ee-00a9f650e335';
/** NORMAL_ACCOUNT | ACCOUNTDISABLE ([MS-ADTS] 2.2.16). */
const KRBTGT_FLAGS = '514';
/** WORKSTATION_TRUST | TRUSTED_TO_AUTH_FOR_DELEGATION | PARTIAL_SECRETS. */
const COMPUTER_FLAGS = '83890176';
const DOMAIN_USERS = 513;
const DENIED_RODC_GROUP = 572;
/** Administrators, Account Operators, Server Operators, Backup Operators. */
const DENIED_BUILTIN = ['S-1-5-32-544', 'S-1-5-32-548', 'S-1-5-32-549', 'S-1-5-32-551'];

export interface ServerObjects {
  /** N of krbtgt_N. */
  id: number;
  userDn: string;
  userSid: string;
  computerDn: string;
  computerSid: string;
  connectionPointDn: string;
}

export interface CreatedServerObjects extends ServerObjects {
  /** The distinguished names that were made now; the others were there. */
  created: string[];
}

export const namesOf = (baseDn: string, objectName: string | undefined) => ({
  userDn: `CN=krbtgt_${objectName ?? 'AzureAD'},CN=Users,${baseDn}`,
  computerName: objectName ?? 'AzureADKerberos',
  computerDn: `CN=${objectName ?? 'AzureADKerberos'},OU=Domain Controllers,${baseDn}`,
  containerDn: `CN=${objectName ?? 'AzureAD'},CN=System,${baseDn}`,
  connectionPointDn: `CN=${CONNECTION_POINT},CN=${objectName ?? 'AzureAD'},CN=System,${baseDn}`,
});

/** What of the objects is there. @throws ActiveDirectoryError `object-name-taken` */
export async function findServerObjects(
  directory: AdDirectory,
  objectName?: string,
): Promise<ServerObjects | undefined> {
  const { client, baseDn } = directory;
  const { userDn, computerDn, connectionPointDn } = namesOf(baseDn, objectName);
  const id = await krbtgtNumber(client, userDn);
  const computer = await findEntry(client, computerDn, ['msDS-KrbTgtLink']);
  if (id === undefined || !computer || !(await findEntry(client, connectionPointDn, ['cn'])))
    return undefined;
  checkLink(computer['msDS-KrbTgtLink'], userDn, computerDn);
  return {
    id,
    userDn,
    userSid: await objectSid(client, userDn),
    computerDn,
    computerSid: await objectSid(client, computerDn),
    connectionPointDn,
  };
}

/**
 * Makes what is missing. Needs a Domain Admin.
 * @param objectName in place of the default names, where they are taken (at most 15 characters)
 * @throws ActiveDirectoryError `object-name-taken`, `access-denied`, `ldap-failed`
 */
export async function createServerObjects(
  directory: AdDirectory,
  objectName?: string,
  onMade: (dn: string) => void = () => undefined,
): Promise<CreatedServerObjects> {
  const { client, baseDn, domainSid } = directory;
  const names = namesOf(baseDn, objectName);
  const created: string[] = [];
  const add = async (dn: string, attributes: Record<string, string | string[]>, control?: Control) => {
    await client.add(dn, attributes, control).catch((error: unknown) => {
      throw ldapFailure(error, 'add', dn);
    });
    created.push(dn);
    onMade(dn);
  };
  if (!(await findEntry(client, names.userDn, ['cn'])))
    await add(
      names.userDn,
      { objectClass: 'user', userAccountControl: KRBTGT_FLAGS, showInAdvancedViewOnly: 'TRUE' },
      RODC_PROMOTION,
    );
  const id = await krbtgtNumber(client, names.userDn);
  if (id === undefined) throw taken(names.userDn);

  const computer = await findEntry(client, names.computerDn, ['msDS-KrbTgtLink']);
  if (computer) checkLink(computer['msDS-KrbTgtLink'], names.userDn, names.computerDn);
  else
    await add(names.computerDn, {
      objectClass: 'computer',
      sAMAccountName: `${names.computerName}$`,
      userAccountControl: COMPUTER_FLAGS,
      'msDS-KrbTgtLink': names.userDn,
      'msDS-RevealOnDemandGroup': `<SID=${domainSid}-${DOMAIN_USERS}>`,
      'msDS-NeverRevealGroup': [`${domainSid}-${DENIED_RODC_GROUP}`, ...DENIED_BUILTIN].map(
        (sid) => `<SID=${sid}>`,
      ),
    });
  const [userSid, computerSid] = [
    await objectSid(client, names.userDn),
    await objectSid(client, names.computerDn),
  ];
  if (!(await findEntry(client, names.containerDn, ['cn'])))
    await add(names.containerDn, { objectClass: 'container' });
  if (!(await findEntry(client, names.connectionPointDn, ['cn'])))
    await add(names.connectionPointDn, {
      objectClass: 'serviceConnectionPoint',
      keywords: [`Id=${id}`, `UserAccountSid=${userSid}`, `ComputerAccountSid=${computerSid}`],
    });
  const { userDn, computerDn, connectionPointDn } = names;
  return { id, userDn, userSid, computerDn, computerSid, connectionPointDn, created };
}

/** N of a krbtgt account; undefined where there is no such account, or it is no read-only controller's. */
export async function krbtgtNumber(client: Client, dn: string): Promise<number | undefined> {
  const number = Number(
    (await findEntry(client, dn, ['msDS-SecondaryKrbTgtNumber']))?.['msDS-SecondaryKrbTgtNumber'],
  );
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

export const taken = (dn: string) =>
  new ActiveDirectoryError(
    'object-name-taken',
    `${dn} is there already and belongs to something else. Give another name with --object-name.`,
    { dn },
  );

export function checkLink(link: unknown, userDn: string, computerDn: string): void {
  if (String(link).toLowerCase() !== userDn.toLowerCase()) throw taken(computerDn);
}
