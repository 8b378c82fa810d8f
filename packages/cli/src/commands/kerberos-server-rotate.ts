/** kennel kerberos-server rotate: a new key, used only when every writable domain controller has it. */
import type { Command } from 'commander';
import { defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { DOMAIN_OPTIONS, NTLM, OBJECT_NAME, progress, withServerObjects } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { tenantOf } from '../kerberos-server-tenant.ts';

const DEFAULT_WAIT = 900;

export const ROTATION_OPTIONS = [
  option(
    '--wait <seconds>',
    `how long domain controllers may take to get the key (${DEFAULT_WAIT} unless given)`,
  ),
  option(
    '--without <hosts>',
    'writable domain controllers that are down and not to be waited for, by full name, with commas',
  ),
  option('--user <name>', "try this user's ticket, for a proof that nobody on the way can forge"),
];

/** What of a rotation is chosen on the command line. */
export function rotationChoices(given: Given) {
  const seconds = Number(text(given, 'wait') ?? DEFAULT_WAIT);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 86_400)
    throw new CliError('usage', '--wait takes whole seconds, at most a day.');
  const without = text(given, 'without')
    ?.split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return {
    patience: seconds * 1000,
    ...(without ? { without } : {}),
    user: text(given, 'user'),
    onStep: (_: string, line: string) => progress(line),
  };
}

export function kerberosServerRotateCommand(group: Command): void {
  defineAdmin(
    group,
    {
      usage: 'rotate',
      summary: 'let the domain make a new key, and use it when every writable domain controller has it',
      example:
        'kennel kerberos-server rotate --domain corp.example.com --domain-credential admin@corp.example.com --wait 3600',
      options: [
        ...DOMAIN_OPTIONS,
        NTLM,
        OBJECT_NAME,
        ...ROTATION_OPTIONS,
        option('--force', 'also within a day of the last rotation'),
      ],
    },
    async (_, given) => {
      const { rotateKey } = await import('@kennel/active-directory');
      const choices = rotationChoices(given);
      const tenant = await tenantOf(text(given, 'domain') ?? '');
      await tenant.state(); // a tenant that has no such domain is better known before a key is made
      return withServerObjects(given, async ({ session, objects }) => {
        const value = await rotateKey({
          ...{ session, objects, tenant, key: 'new', force: given.force === true },
          ...choices,
        });
        const text2 = `The key of krbtgt_${objects.id} is rotated: version ${value.keyVersion} after ${value.previousKeyVersion}. Tickets under the one before are honoured until they end. To retire a key that was stolen, rotate a second time after ten hours.`;
        return { value, text: text2 };
      });
    },
  );
}
