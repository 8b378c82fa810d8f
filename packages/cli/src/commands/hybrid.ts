/** kennel hybrid: tells the computers of a forest which tenant they register with (hybrid join). */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { define, option, text } from '../command.ts';
import { sure } from '../confirm.ts';
import { DOMAIN_OPTIONS, withDomain } from '../domain-session.ts';
import { fields } from '../table.ts';

export function hybridCommands(program: Command): void {
  const group = program
    .command('hybrid')
    .description('hybrid join: computers of an AD forest as devices of the tenant');
  const from = '--domain corp.example.com --domain-credential admin@corp.example.com';
  defineAdmin(
    group,
    {
      usage: 'configure',
      summary:
        "write the service connection point into the forest's configuration (needs an Enterprise Admin)",
      example: `kennel hybrid configure ${from}`,
      options: [
        ...DOMAIN_OPTIONS,
        option(
          '--tenant-name <name>',
          "the name that computers are told (the tenant's host name unless given)",
        ),
        option('--replace', 'also where computers are told of another tenant'),
      ],
    },
    async (_, given) => {
      const { configureHybridTenant } = await import('@kennel/active-directory');
      const { tenantId, url } = await (await admin()).status();
      const name = text(given, 'tenantName') ?? new URL(url).hostname;
      return withDomain(given, async ({ directory }) => {
        const value = await configureHybridTenant(directory, { tenantId, name, url }, given.replace === true);
        return {
          value: { ...value, tenantId, name, url },
          text: `${value.changed ? 'Computers of the forest are told' : 'Computers of the forest were told already'} to register with ${name} (${tenantId}):\n  ${value.dn}`,
        };
      });
    },
  );
  define(
    group,
    {
      usage: 'show',
      summary: 'which tenant the computers of a forest are told of',
      example: `kennel hybrid show ${from}`,
      options: DOMAIN_OPTIONS,
    },
    async (_, given) => {
      const { readHybridTenant } = await import('@kennel/active-directory');
      return withDomain(given, async ({ directory }) => {
        const value = (await readHybridTenant(directory)) ?? null;
        return {
          value,
          text: value
            ? fields({ ...value })
            : 'Computers of this forest are told of no tenant. Configure it with: kennel hybrid configure',
        };
      });
    },
  );
  define(
    group,
    {
      usage: 'remove',
      summary: 'take the service connection point away; computers that are joined stay joined',
      example: `kennel hybrid remove ${from}`,
      options: [...DOMAIN_OPTIONS, option('--yes', 'do not ask')],
    },
    async (_, given) => {
      const { removeHybridTenant } = await import('@kennel/active-directory');
      return withDomain(given, async ({ directory }) => {
        await sure(
          given.yes === true,
          'Computers of this forest that are not joined yet will not join by themselves any more.',
          'Remove the service connection point?',
        );
        const removed = await removeHybridTenant(directory);
        return { value: { removed }, text: removed ? 'Removed.' : 'There was none.' };
      });
    },
  );
}
