/** kennel report: whom to help before a key is lost, and which keys are out of use. */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../table.ts';

export function reportCommands(program: Command): void {
  const group = program.command('report').description('reports on users and their security keys');
  const client = async () => (await admin()).reports;
  for (const [usage, keys, summary] of [
    ['no-key', 0, 'enabled users who have no key'],
    ['one-key', 1, 'enabled users who have a single key, and none when it is lost'],
  ] as const) {
    defineAdmin(group, { usage, summary, example: `kennel report ${usage}` }, async () => {
      const value = await (await client()).usersWithKeys(keys);
      const rows = value.map((user) => [user.userPrincipalName, user.displayName]);
      return { value, text: table(['user', 'name'], rows, 'Nobody.') };
    });
  }
  defineAdmin(
    group,
    {
      usage: 'unused',
      summary: 'keys that were not used for some days',
      example: 'kennel report unused --days 90',
      options: [option('--days <n>', 'for how many days').default('90')],
    },
    async (_, given) => {
      const days = Number(text(given, 'days'));
      if (!Number.isInteger(days) || days < 1 || days > 36_500) {
        throw new CliError('usage', '--days takes a whole number of days, 1 to 36,500.');
      }
      const value = await (await client()).unusedKeys(days);
      const rows = value.map((key) => [
        key.userPrincipalName,
        key.displayName,
        key.lastUsedOn ?? 'never',
        key.id,
      ]);
      return { value, text: table(['user', 'key', 'last used', 'id'], rows, 'Every key is in use.') };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'refused',
      summary: 'keys that policy does not accept today: the next sign-in with them is refused',
      example: 'kennel report refused',
    },
    async () => {
      const value = await (await client()).refusedKeys();
      const rows = value.map((key) => [
        key.userPrincipalName,
        key.displayName,
        key.model ?? key.aaGuid,
        key.reason,
        key.id,
      ]);
      return {
        value,
        text: table(['user', 'key', 'model', 'reason', 'id'], rows, 'Every key is accepted.'),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'models',
      summary: 'how many keys of each model are registered',
      example: 'kennel report models',
    },
    async () => {
      const value = await (await client()).models();
      const rows = value.map((model) => [
        model.aaGuid,
        model.model ?? '-',
        String(model.keys),
        String(model.users),
      ]);
      return { value, text: table(['AAGUID', 'model', 'keys', 'users'], rows, 'No key is registered.') };
    },
  );
}
