/** kennel kerberos-server: the keys with which the tenant signs partial TGTs, one KerberosDomain for each AD domain. */
import { readFileSync } from 'node:fs';
import type { KerberosDomain } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, required, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { fields, table } from '../table.ts';
import { kerberosServerDomainCommands } from './kerberos-server-domain.ts';
import { kerberosServerPolicyCommands } from './kerberos-server-policy.ts';
import { kerberosServerRemoveCommand } from './kerberos-server-remove.ts';
import { kerberosServerRotateCommand } from './kerberos-server-rotate.ts';
import { kerberosServerVerifyCommand } from './kerberos-server-verify.ts';

const shown = (domain: KerberosDomain) => fields({ ...domain });

export function kerberosServerCommands(program: Command): void {
  const group = program
    .command('kerberos-server')
    .description('the Kerberos server objects of AD domains, as the tenant knows them');
  const client = async () => (await admin()).kerberosDomains;
  kerberosServerDomainCommands(group);
  kerberosServerRotateCommand(group);
  kerberosServerVerifyCommand(group);
  kerberosServerRemoveCommand(group);
  kerberosServerPolicyCommands(group);

  defineAdmin(
    group,
    {
      usage: 'import',
      summary: 'publish the key of krbtgt_AzureAD, exported on a domain controller',
      example: 'kennel kerberos-server import --keytab krbtgt_40000.keytab --domain-sid S-1-5-21-1-2-3',
      options: [
        required('--keytab <file>', 'made with: samba-tool domain exportkeytab FILE --principal=krbtgt_<N>'),
        required('--domain-sid <sid>', "the SID of the AD domain; users' SIDs must begin with it"),
        option(
          '--netbios-name <name>',
          "the domain's NetBIOS name (the first label of the realm unless given)",
        ),
      ],
    },
    async (_, given) => {
      const { kerberosServerKey, publicationOf } = await import('@kennel/active-directory');
      const server = kerberosServerKey(readKeytab(text(given, 'keytab') ?? ''));
      const domain = { domainSid: text(given, 'domainSid') ?? '', netbiosName: text(given, 'netbiosName') };
      const value = await (await client()).publish(publicationOf(server, domain));
      return {
        value,
        text: `${shown(value)}\nThe key is published. Delete the keytab now: it is worth as much as every account that it may sign for.`,
      };
    },
  );
  defineAdmin(
    group,
    { usage: 'list', summary: 'list the KerberosDomains', example: 'kennel kerberos-server list' },
    async () => {
      const value = await (await client()).list();
      const rows = value.map((domain) => [
        domain.dnsName,
        String(domain.krbtgtNumber),
        domain.pendingKeyVersion === null
          ? String(domain.keyVersion)
          : `${domain.keyVersion} (${domain.pendingKeyVersion} waits: kennel kerberos-server rotate)`,
        domain.keyUpdatedOn,
        domain.domainSid,
      ]);
      return {
        value,
        text: table(
          ['domain', 'id', 'key version', 'key updated on', 'domain SID'],
          rows,
          'No KerberosDomain yet. Publish one with: kennel kerberos-server create --domain DOMAIN --domain-credential UPN',
        ),
      };
    },
  );
}

function readKeytab(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CliError(
      'file-unreadable',
      `The keytab ${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
    ); // fs throws ErrnoException
  }
}
