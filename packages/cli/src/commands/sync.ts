/** kennel sync: users, groups and computers of an AD domain into the tenant. */
import type { SyncConfig, SyncProgress, SyncResult, SyncTarget } from '@kennel/active-directory';
import type { Command } from 'commander';
import { admin, defineAdmin, enrolledClient } from '../admin.ts';
import { define, type Given, option, required, text } from '../command.ts';
import { sure } from '../confirm.ts';
import { KEYTAB, withDomain } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { clientsDir } from '../home.ts';
import { passwordFileOption } from '../pin.ts';
import { fields, table } from '../table.ts';

export const SCOPE_OPTIONS = [
  required('--domain <dns-name>', 'the AD domain'),
  required('--domain-credential <upn>', 'an account that may read the domain, as sync@corp.example.com'),
  passwordFileOption,
  KEYTAB,
  option('--ldaps', 'LDAP inside TLS, in place of LDAP sealed by Kerberos'),
  option('--ca <file>', "the CA of the domain controllers' certificates, for --ldaps (PEM)"),
  option('--site <site>', 'a domain controller of this site'),
  option('--dns <address>', 'ask this DNS server for the domain'),
  option('--dc <host>', 'this domain controller, and no DNS'),
  option('--tenant <url>', 'which tenant, where connectors of several are enrolled here'),
  option('--client <name>', 'which of the clients that are enrolled here'),
  option('--ou <dn>', 'users and computers below this; several are separated by semicolons'),
  option('--group <name>', 'users in this group, directly or through others; several by semicolons'),
  option('--filter <ldap-filter>', 'users that match this besides'),
  option('--map <mapping>', 'attributes in place of the usual ones: userPrincipalName=mail,displayName=cn'),
];
const RUN_OPTIONS = [
  ...SCOPE_OPTIONS,
  option('--full', 'read everything, whatever was read before'),
  option('--allow-deletions', 'delete more than the guard allows'),
];
const MAPPABLE = ['userPrincipalName', 'displayName', 'mail'];

export function syncCommands(program: Command): void {
  const group = program.command('sync').description("an AD domain's users, groups and computers");
  define(
    group,
    {
      usage: 'run',
      summary: 'bring the tenant in step with a domain, once (as an enrolled connector)',
      example:
        'kennel sync run --domain corp.example.com --domain-credential sync@corp.example.com --password-file pw',
      options: RUN_OPTIONS,
    },
    async (_, given) => {
      const value = await syncOnce(given, await targetOf(given));
      return { value, text: resultText(value) };
    },
  );
  define(
    group,
    {
      usage: 'preview',
      summary: 'show what a full run would change, and change nothing',
      example: 'kennel sync preview --domain corp.example.com --domain-credential sync@corp.example.com',
      options: SCOPE_OPTIONS,
    },
    async (_, given) => {
      const { previewTarget } = await import('../sync-preview.ts');
      const preview = previewTarget(await targetOf(given));
      await syncOnce({ ...given, full: true, allowDeletions: true }, preview.target);
      const value = preview.changes();
      const rows = value.changes.map(({ what, kind, name }) => [what, kind, name]);
      return {
        value,
        text: `${table(['change', 'kind', 'name'], rows, 'Nothing would change.')}\n${value.changes.length} of ${value.total} changes shown.`,
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'status',
      summary: 'show the domains that are synced, their last runs and problems (administrator)',
      example: 'kennel sync status --json',
    },
    async () => {
      const calls = (await admin()).sync;
      const domains = await calls.domains();
      const runs = await calls.runs(undefined, 20);
      return { value: { domains, runs }, text: statusText(domains, runs) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'settings <domain>',
      summary: 'change what holds for a synced domain (administrator)',
      example: 'kennel sync settings corp.example.com --deletion-limit 20 --allow-protected "Server Admins"',
      options: [
        option('--deletion-limit <percent>', 'stop a run that would delete more'),
        option('--refuse-locked-out <yes|no>', 'refuse sign-in while the account is locked in AD'),
        option(
          '--allow-protected <names>',
          'groups or users, by commas, that get tickets though AD protects them (names or SIDs)',
        ),
        option('--deny-protected <names>', 'groups or users that do not any more'),
      ],
    },
    async ([domain = ''], given) => {
      const [limit, locked] = [text(given, 'deletionLimit'), text(given, 'refuseLockedOut')];
      const names = (option: string) =>
        text(given, option)
          ?.split(',')
          .map((each) => each.trim())
          .filter(Boolean) ?? [];
      if (locked !== undefined && locked !== 'yes' && locked !== 'no')
        throw new CliError('usage', '--refuse-locked-out is yes or no.');
      const value = await (await admin()).sync.changeSettings(domain, {
        ...(limit === undefined ? {} : { deletionLimitPercent: Number(limit) }),
        ...(locked === undefined ? {} : { refuseLockedOut: locked === 'yes' }),
        allowProtected: names('allowProtected'),
        denyProtected: names('denyProtected'),
      });
      const { deletionLimitPercent, refuseLockedOut } = value.settings;
      const allowedProtected = value.allowedProtected.map(({ sid, name }) => name ?? sid).join(', ');
      const shown = { domain: value.dnsName, deletionLimitPercent, refuseLockedOut, allowedProtected };
      return { value, text: fields(shown) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'forget <domain>',
      summary: 'remove all that came from a domain: users with their keys, groups, computers (administrator)',
      example: 'kennel sync forget old.example.com',
      options: [option('--yes', 'do not ask')],
    },
    async ([domain = ''], given) => {
      const calls = (await admin()).sync;
      const known = (await calls.domains()).find(({ dnsName }) => dnsName === domain.toLowerCase())?.known;
      const what =
        known &&
        `${known.user} users with their security keys, ${known.group} groups, ${known.computer} computers`;
      const warning = `This removes what came from ${domain}: ${what ?? 'nothing'}. Its connector would bring the users back, without keys: revoke it first (kennel client revoke).`;
      await sure(given.yes === true, warning, `Forget ${domain}?`);
      const value = await calls.forget(domain);
      return {
        value,
        text: `${domain} is forgotten: ${value.user} users, ${value.group} groups, ${value.computer} computers.`,
      };
    },
  );
}

/** The connector of this domain that is enrolled here. */
export async function targetOf(given: Given): Promise<SyncTarget> {
  const { clientTransport, connectorClientOver } = await import('@kennel/tenant/client');
  const enrolment = await enrolledClient({
    tenantUrl: text(given, 'tenant'),
    name: text(given, 'client'),
    domain: text(given, 'domain')?.toLowerCase(),
  });
  return connectorClientOver(clientTransport(clientsDir(), enrolment));
}

export async function syncOnce(given: Given, target: SyncTarget): Promise<SyncResult> {
  const { openSource, runSync } = await import('@kennel/active-directory');
  return withDomain(given, async ({ dc, directory }) => {
    const source = await openSource(directory, dc.domainName.toLowerCase(), configOf(given));
    return runSync({
      source,
      target,
      netbiosName: dc.netbiosDomainName,
      full: given.full === true,
      allowDeletions: given.allowDeletions === true,
      ...(process.stderr.isTTY ? { onProgress: showProgress } : {}),
    });
  });
}

function configOf(given: Given): SyncConfig {
  const parts = (name: string) =>
    text(given, name)
      ?.split(';')
      .map((part) => part.trim())
      .filter(Boolean);
  const [ous, groups, filter] = [parts('ou'), parts('group'), text(given, 'filter')];
  if (filter !== undefined && !/^\(.*\)$/.test(filter))
    throw new CliError('usage', '--filter takes an LDAP filter in parentheses, such as (department=Sales).');
  const mapping = (text(given, 'map') ?? '')
    .split(',')
    .filter(Boolean)
    .map((pair) => pair.split('='));
  for (const [name = '', attribute = ''] of mapping) {
    if (!MAPPABLE.includes(name) || !/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(attribute))
      throw new CliError(
        'usage',
        `--map takes pairs such as userPrincipalName=mail; of ${MAPPABLE.join(', ')}.`,
      );
  }
  return {
    scope: { ...(ous ? { ous } : {}), ...(groups ? { groups } : {}), ...(filter ? { filter } : {}) },
    mapping: Object.fromEntries(mapping),
  };
}

function showProgress({ phase, read, sent }: SyncProgress): void {
  process.stderr.write(`\r${phase}: ${read} read, ${sent} sent\u001b[K`);
}

export function resultText({ mode, by, counts, read, milliseconds, warnings }: SyncResult): string {
  const lines = [
    `${mode} (${by}): ${read} read, ${counts.created} created, ${counts.updated} updated, ${counts.deleted} deleted, ${counts.problems} problems, ${(milliseconds / 1000).toFixed(1)} s`,
    ...warnings,
  ];
  if (counts.problems > 0) lines.push('What could not be taken: kennel sync status');
  return lines.join('\n');
}

type Calls = Awaited<ReturnType<typeof admin>>['sync'];
function statusText(
  domains: Awaited<ReturnType<Calls['domains']>>,
  runs: Awaited<ReturnType<Calls['runs']>>,
): string {
  if (domains.length === 0)
    return 'No domain is synced yet. Invite a connector: kennel client invite --scope connector --domain D';
  const shown = domains.map(
    ({ dnsName, known, lastCompletedOn, problems }) =>
      `${dnsName}: ${known.user} users, ${known.group} groups, ${known.computer} computers; last completed ${lastCompletedOn ?? 'never'}\n${problems
        .map(({ kind, name, message }) => `  ${kind} ${name}: ${message}`)
        .join('\n')}`,
  );
  const rows = runs.map(({ domain, startedOn, mode, outcome, counts, message }) => [
    ...[startedOn, domain, mode, outcome],
    `+${counts.created} ~${counts.updated} -${counts.deleted} !${counts.problems}`,
    message ?? '',
  ]);
  return `${shown.join('\n')}\n${table(['started', 'domain', 'mode', 'outcome', 'changes', 'why'], rows, 'No run yet.')}`;
}
