/** kennel audit: what the tenant decided, and the proof that nobody changed the record. */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../table.ts';

export function auditCommands(program: Command): void {
  const group = program.command('audit').description('the append-only record of decisions');
  const client = async () => (await admin()).audit;
  defineAdmin(
    group,
    {
      usage: 'list',
      summary: 'list events, the newest first',
      example: 'kennel audit list --limit 20 --json',
      options: [
        option('--limit <n>', 'how many (1 to 1000)').default('50'),
        option('--before <seq>', 'only events before this number'),
      ],
    },
    async (_, given) => {
      const before = text(given, 'before');
      const value = await (await client()).list({
        limit: Number(text(given, 'limit')),
        ...(before ? { before: Number(before) } : {}),
      });
      const rows = value.map((line) => [
        String(line.seq),
        line.time,
        line.event,
        line.outcome,
        line.reason,
        line.actor,
        line.subject,
      ]);
      return {
        value,
        text: table(['#', 'time', 'event', 'outcome', 'reason', 'actor', 'subject'], rows, 'No events.'),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'verify',
      summary: 'check the chain of hashes over the whole record',
      example: 'kennel audit verify',
    },
    async () => {
      const value = await (await client()).verify();
      const text = value.ok
        ? `The audit is intact: ${value.lines} events.`
        : `The audit was changed at event ${value.brokenAt}. Compare with a backup from before.`;
      return { value, text, exitCode: value.ok ? 0 : EXIT.AUDIT_BROKEN };
    },
  );
}
