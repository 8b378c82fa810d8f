/** kennel webauthn: what happened at registrations and sign-ins with security keys, step by step. */
import type { CeremonyEvent } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../table.ts';

export function webauthnCommands(program: Command): void {
  const group = program
    .command('webauthn')
    .description('ceremonies with security keys: why one did not work');
  defineAdmin(
    group,
    {
      usage: 'events',
      summary:
        'list the steps of ceremonies, the newest first, numbered as in the log Microsoft-Windows-WebAuthN/Operational',
      example: 'kennel webauthn events --user alice --since 2h',
      options: [
        option('--user <user>', 'of this user only'),
        option('--trace <id>', 'the ceremony that a trace id belongs to, as a page or an error shows it'),
        option('--since <time>', 'since a time (2026-01-31T08:00:00Z), or for so long: 30m, 2h, 7d'),
        option('--limit <n>', 'how many (1 to 1000)').default('100'),
      ],
    },
    async (_, given) => {
      const since = text(given, 'since');
      const value = await (await admin()).ceremonies.list({
        user: text(given, 'user'),
        trace: text(given, 'trace'),
        since: since === undefined ? undefined : timeOf(since),
        limit: Number(text(given, 'limit')),
      });
      const rows = value.map((event) => [
        event.time,
        String(event.event),
        event.step,
        event.userPrincipalName ?? '-',
        event.model ?? event.aaGuid ?? '-',
        whatHappened(event),
        event.traceId,
      ]);
      return {
        value,
        text: table(
          ['time', 'event', 'step', 'user', 'model', 'result', 'trace id'],
          rows,
          'No such step is in the log. It keeps thirty days.',
        ),
      };
    },
  );
}

const SPANS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

/** A time, or how long ago, as a time. @throws CliError `usage` */
function timeOf(since: string): string {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(since) ?? [];
  const time =
    count === undefined ? new Date(since) : new Date(Date.now() - Number(count) * (SPANS[unit] ?? 0) * 1000);
  if (Number.isNaN(time.getTime())) {
    throw new CliError('usage', `--since takes a time such as 2026-01-31T08:00:00Z, or 30m, 2h, 7d.`);
  }
  return time.toISOString();
}

/** What the tenant, the browser and the key said, as far as they did. */
function whatHappened({ reason, clientError, ctapStatus, elapsedMs }: CeremonyEvent): string {
  const parts = [
    reason,
    clientError,
    ctapStatus === null ? null : `CTAP 0x${ctapStatus.toString(16).padStart(2, '0')}`,
    elapsedMs === null ? null : `${elapsedMs} ms`,
  ];
  return parts.filter((part) => part !== null).join(', ') || '-';
}
