/**
 * The Kerberos server object in the directory: the three entries by which a domain controller takes a tenant
 * for one of its read-only controllers ([MS-ADTS] 6.1.1.3.2 for the link and the lists), and its key's keytab.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from './directory.ts';
import { SambaError } from './errors.ts';
import { writeEntry } from './ldif.ts';
import type { RunOptions, RunResult } from './program.ts';

/** LDAP_SERVER_RODC_DCPROMO_OID, critical: the controller then numbers and names the krbtgt itself. */
const RODC_PROMOTION = 'rodc_join:1:1';
/** WORKSTATION_TRUST | TRUSTED_TO_AUTH_FOR_DELEGATION | PARTIAL_SECRETS ([MS-ADTS] 2.2.16). */
const COMPUTER_FLAGS = 0x05001000;
/** NORMAL_ACCOUNT | ACCOUNTDISABLE. */
const KRBTGT_FLAGS = 514;
/** By which administrators' tools find the other two. */
const CONNECTION_POINT = '900274c4-b7d2-43c8-90ee-00a9f650e335';
/** Domain Users. */
const REVEAL_RID = 513;
/** Denied RODC Password Replication Group, and the builtin groups that administer. */
const NEVER_REVEAL_RID = 572;
const NEVER_REVEAL_BUILTIN = ['S-1-5-32-544', 'S-1-5-32-548', 'S-1-5-32-549', 'S-1-5-32-551'];

export interface KerberosServerObjects {
  /** N: 1 to 65535, the upper half of the key version numbers of its tickets. */
  id: number;
  /** krbtgt_N. */
  accountName: string;
  userDn: string;
  userSid: string;
  computerDn: string;
  computerSid: string;
  connectionPointDn: string;
  /** Path of the keytab with the key of `accountName`. */
  keytab: string;
}

export interface ServerObjectContext {
  run: (command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>;
  directory: Directory;
  baseDn: string;
  domainSid: string;
  workDir: string;
}

/**
 * Exports one principal's keys on the domain controller.
 *
 * @returns the keytab's path; a file of that name is replaced
 * @throws SambaError no-keytab where the principal has no keys (samba-tool then writes nothing and says nothing)
 */
export async function exportKeytab(context: ServerObjectContext, principal: string): Promise<string> {
  const path = join(context.workDir, `${principal.replaceAll(/[^\w.-]/g, '_')}.keytab`);
  rmSync(path, { force: true });
  await context.run('samba-tool', ['domain', 'exportkeytab', path, `--principal=${principal}`]);
  if (existsSync(path)) return path;
  throw new SambaError('no-keytab', `The domain has no keys of ${principal}; check the account's name.`);
}

/**
 * Makes the three entries and exports the key. With other names than the default, several can be in one domain.
 *
 * @throws SambaError program-failed where entries of these names are there already; no-keytab
 */
export async function createKerberosServerObjects(
  context: ServerObjectContext,
  names: { user: string; computer: string } = { user: 'krbtgt_AzureAD', computer: 'AzureADKerberos' },
): Promise<KerberosServerObjects> {
  const { directory, baseDn, domainSid } = context;
  const userDn = `CN=${names.user},CN=Users,${baseDn}`;
  const computerDn = `CN=${names.computer},OU=Domain Controllers,${baseDn}`;
  const containerDn = `CN=${names.computer === 'AzureADKerberos' ? 'AzureAD' : names.computer},CN=System,${baseDn}`;
  const connectionPointDn = `CN=${CONNECTION_POINT},${containerDn}`;
  const first = async (dn: string, attributes: readonly string[]) => {
    const [entry] = await directory.search({ base: dn, scope: 'base', attributes });
    return attributes.map((name) => entry?.attributes[name]?.[0] ?? '');
  };

  const user = {
    objectClass: 'user',
    userAccountControl: String(KRBTGT_FLAGS),
    showInAdvancedViewOnly: 'TRUE',
  };
  await directory.add(writeEntry(userDn, user), [RODC_PROMOTION]);
  const [number = '', accountName = '', userSid = ''] = await first(userDn, [
    'msDS-SecondaryKrbTgtNumber',
    'sAMAccountName',
    'objectSid',
  ]);

  const computer = {
    objectClass: 'computer',
    sAMAccountName: `${names.computer}$`,
    userAccountControl: String(COMPUTER_FLAGS),
    'msDS-KrbTgtLink': userDn,
    'msDS-RevealOnDemandGroup': `<SID=${domainSid}-${REVEAL_RID}>`,
    'msDS-NeverRevealGroup': [`${domainSid}-${NEVER_REVEAL_RID}`, ...NEVER_REVEAL_BUILTIN].map(
      (sid) => `<SID=${sid}>`,
    ),
  };
  await directory.add(writeEntry(computerDn, computer));
  const [computerSid = ''] = await first(computerDn, ['objectSid']);

  const keywords = [`Id=${number}`, `UserAccountSid=${userSid}`, `ComputerAccountSid=${computerSid}`];
  await directory.add(
    writeEntry(containerDn, { objectClass: 'container' }) +
      writeEntry(connectionPointDn, { objectClass: 'serviceConnectionPoint', keywords }),
  );

  const keytab = await exportKeytab(context, accountName);
  return {
    ...{ id: Number(number), accountName, keytab },
    ...{ userDn, userSid, computerDn, computerSid, connectionPointDn },
  };
}
