/** kennel client: programs and machines that may administer a tenant, or sync into it, from elsewhere. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { admin, defineAdmin, enrolledClient } from '../admin.ts';
import { define, option, required, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { clientsDir } from '../home.ts';
import { readToken } from '../pin.ts';
import { fields, table } from '../table.ts';

export function clientCommands(program: Command): void {
  const group = program
    .command('client')
    .description('programs with keys of their own, which administer a tenant or sync into it from elsewhere');
  const clients = async () => (await admin()).clients;

  defineAdmin(
    group,
    {
      usage: 'invite',
      summary: 'make a token with which one client can enrol (administrator)',
      example: 'kennel client invite --scope connector --domain corp.example.com',
      options: [
        required('--scope <scope>', 'administrator, or connector of one domain'),
        option('--domain <dns-name>', "a connector's AD domain"),
        option('--minutes <number>', 'how long the token is good (60 unless given)'),
      ],
    },
    async (_, given) => {
      const [scope, domain, minutes] = [text(given, 'scope'), text(given, 'domain'), text(given, 'minutes')];
      if (scope !== 'administrator' && scope !== 'connector')
        throw new CliError('usage', '--scope is administrator or connector.');
      if ((scope === 'connector') !== (domain !== undefined))
        throw new CliError('usage', 'A connector, and only a connector, is for one domain: --domain.');
      const more = minutes === undefined ? {} : { minutes: Number(minutes) };
      const value = await (await clients()).invite(
        scope === 'connector' ? { scope, domain: domain ?? '', ...more } : { scope, ...more },
      );
      return {
        value,
        text: `${value.token}\nIt is good once, until ${value.expiresOn}. On the other machine: kennel client enroll --tenant URL --token-file FILE`,
      };
    },
  );
  define(
    group,
    {
      usage: 'enroll',
      summary: 'make a key on this machine and enrol it with a tenant',
      example: 'kennel client enroll --tenant https://login.example.com --ca ca.pem --token-file token',
      options: [
        required('--tenant <url>', 'address of the tenant'),
        option('--ca <file>', "the tenant's own certificate authority, in PEM"),
        option('--token-file <file>', 'the token of `kennel client invite` (- is standard input)'),
        option('--name <name>', "the client's name (this machine's unless given)"),
      ],
    },
    async (_, given) => {
      const { enrolClient } = await import('@kennel/tenant/client');
      const caFile = text(given, 'ca');
      const { ca: _ca, ...value } = await enrolClient({
        clientsDir: clientsDir(),
        tenantUrl: text(given, 'tenant') ?? '',
        token: await readToken(text(given, 'tokenFile')),
        name: text(given, 'name') ?? hostname().split('.', 1)[0] ?? 'client',
        ...(caFile ? { caFile } : {}),
      });
      return { value, text: fields(value) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'list',
      summary: 'list the clients of the tenant (administrator)',
      example: 'kennel client list',
    },
    async () => {
      const value = await (await clients()).list();
      const rows = value.map((each) => [
        each.name,
        each.domain === null ? each.scope : `${each.scope} of ${each.domain}`,
        each.revokedOn === null ? 'yes' : 'revoked',
        each.lastUsedOn ?? 'never',
        each.id,
      ]);
      return {
        value,
        text: table(['client', 'scope', 'good', 'last used', 'id'], rows, 'No client is enrolled yet.'),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'revoke <client>',
      summary: 'refuse a client from its next request on (administrator)',
      example: 'kennel client revoke connector1',
    },
    async ([name = '']) => {
      const value = await (await clients()).revoke(name);
      return { value, text: `${value.name} is revoked.` };
    },
  );
  define(
    group,
    {
      usage: 'forget <name>',
      summary: "delete an enrolled client's key from this machine",
      example: 'kennel client forget connector1',
    },
    async ([name = '']) => {
      const { forgetEnrolment } = await import('@kennel/tenant/client');
      forgetEnrolment(clientsDir(), await enrolledClient({ name }));
      return {
        value: { forgotten: name },
        text: `The key of ${name} is gone. Revoke it in the tenant as well.`,
      };
    },
  );
}
