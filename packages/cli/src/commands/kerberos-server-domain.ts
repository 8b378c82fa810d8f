/** kennel kerberos-server create and get: the objects in AD, with an administrator's credential given for the one command. */
import type { DomainSession } from '@kennel/active-directory';
import type { KerberosDomain } from '@kennel/tenant';
import type { Command } from 'commander';
import { parseAddress } from '../address.ts';
import { admin } from '../admin.ts';
import { define, type Given, option, required, text } from '../command.ts';
import { type DomainSide, verdictOf } from '../kerberos-server-verdict.ts';
import { passwordFileOption, readPassword } from '../pin.ts';
import { fields } from '../table.ts';

const DOMAIN_OPTIONS = [
  required('--domain <dns-name>', 'the AD domain'),
  required(
    '--domain-credential <upn>',
    'a Domain Admin, as admin@corp.example.com; used for this command only',
  ),
  passwordFileOption,
  option('--object-name <name>', 'where the default names are taken in the domain'),
  option('--dns <address>', 'ask this DNS server for the domain'),
  option('--dc <host>', 'this domain controller, and no DNS'),
];

async function withDomain<T>(given: Given, use: (session: DomainSession) => Promise<T>): Promise<T> {
  const { openDomainSession } = await import('@kennel/active-directory');
  const upn = text(given, 'domainCredential') ?? '';
  const [dns, dc] = [text(given, 'dns'), text(given, 'dc')];
  const session = await openDomainSession({
    domain: text(given, 'domain') ?? '',
    upn,
    password: await readPassword(text(given, 'passwordFile'), `Password of ${upn}`),
    ...(dns ? { dnsServers: [dns] } : {}),
    ...(dc ? { controllers: [{ host: parseAddress('--dc', dc).host }] } : {}),
  });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

export function kerberosServerDomainCommands(group: Command): void {
  const client = async () => (await admin()).kerberosDomains;
  define(
    group,
    {
      usage: 'create',
      summary: 'make the Kerberos server objects in an AD domain, read their key back, and publish it',
      example:
        'kennel kerberos-server create --domain corp.example.com --domain-credential admin@corp.example.com',
      options: DOMAIN_OPTIONS,
    },
    async (_, given) => {
      const { createServerObjects, readKrbtgtKey } = await import('@kennel/active-directory');
      const domains = await client();
      await domains.list(); // a tenant that does not run is better known before anything is made in AD
      return withDomain(given, async (session) => {
        const { dc, directory } = session;
        const objects = await createServerObjects(directory, text(given, 'objectName'));
        const key = await readKrbtgtKey({
          dc: { host: dc.address },
          objectDn: objects.userDn,
          security: session.rpcSecurity(),
        });
        const published = await domains.publish({
          dnsName: dc.domainName.toLowerCase(),
          realm: dc.domainName.toUpperCase(),
          netbiosName: dc.netbiosDomainName,
          domainSid: directory.domainSid,
          krbtgtNumber: key.krbtgtNumber,
          keyVersion: key.keyVersion,
          etype: 18,
          key: Buffer.from(key.aes256).toString('base64'),
        });
        key.aes256.fill(0);
        const made =
          objects.created.length === 0
            ? 'Everything was there already.'
            : `Made:\n  ${objects.created.join('\n  ')}`;
        return {
          value: { objects, published },
          text: `${made}\nThe key of krbtgt_${objects.id}, version ${key.keyVersion}, is published.`,
        };
      });
    },
  );
  define(
    group,
    {
      usage: 'get',
      summary: 'compare the Kerberos server of a domain with what the tenant has',
      example:
        'kennel kerberos-server get --domain corp.example.com --domain-credential admin@corp.example.com --json',
      options: DOMAIN_OPTIONS,
    },
    async (_, given) => {
      const tenantSide = (await (await client()).list()).find(
        ({ dnsName }) => dnsName === text(given, 'domain')?.toLowerCase(),
      );
      return withDomain(given, async (session) => {
        const shown = await domainSide(session, text(given, 'objectName'));
        const verdict = verdictOf(shown?.side, tenantSide, new Date());
        const value = { ...shown?.fields, ...tenantFields(tenantSide), verdict: verdict.state };
        return { value, text: `${fields(value)}\n${verdict.text}`, exitCode: verdict.exitCode };
      });
    },
  );
}

/** The admin tool's fields of the domain, in its order. */
async function domainSide(
  session: DomainSession,
  objectName: string | undefined,
): Promise<{ side: DomainSide; fields: Record<string, unknown> } | undefined> {
  const { findServerObjects, readKrbtgtKey } = await import('@kennel/active-directory');
  const { dc, directory } = session;
  const objects = await findServerObjects(directory, objectName);
  if (!objects) return undefined;
  const read = async (objectDn: string) => {
    const { aes256, ...facts } = await readKrbtgtKey({
      dc: { host: dc.address },
      objectDn,
      security: session.rpcSecurity(),
    });
    aes256.fill(0);
    return facts;
  };
  const key = await read(objects.userDn);
  const own = await read(`CN=krbtgt,CN=Users,${directory.baseDn}`);
  return {
    side: { id: objects.id, dnsName: dc.domainName, keyVersion: key.keyVersion, keyUpdatedOn: key.changedAt },
    fields: {
      Id: objects.id,
      UserAccount: objects.userDn,
      ComputerAccount: objects.computerDn,
      DisplayName: `krbtgt_${objects.id}`,
      DomainDnsName: dc.domainName,
      KeyVersion: key.keyVersion,
      KeyUpdatedOn: key.changedAt.toISOString(),
      KeyUpdatedFrom: key.changedFrom,
      DomainKrbtgtUpdatedOn: own.changedAt.toISOString(),
    },
  };
}

function tenantFields(domain: KerberosDomain | undefined): Record<string, unknown> {
  if (!domain) return {};
  return {
    CloudDisplayName: `krbtgt_${domain.krbtgtNumber}`,
    CloudDomainDnsName: domain.dnsName,
    CloudId: domain.krbtgtNumber,
    CloudKeyVersion: domain.keyVersion,
    CloudKeyUpdatedOn: domain.keyUpdatedOn,
  };
}
