/** kennel metadata: the FIDO metadata service, from which the tenant knows models of keys. */
import type { MetadataStatus } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { fields, table } from '../table.ts';

const shown = ({ source, blob, lastTriedOn, lastError }: MetadataStatus) =>
  fields({
    source: source ?? 'none (set metadata in config.json)',
    number: blob?.number ?? '-',
    models: blob?.models ?? 0,
    'next update': blob ? `${blob.nextUpdate}${blob.stale ? ' (overdue)' : ''}` : '-',
    'accepted on': blob?.acceptedOn ?? '-',
    'last tried on': lastTriedOn ?? 'never',
    'last error': lastError ?? 'none',
  });

export function metadataCommands(program: Command): void {
  const group = program
    .command('metadata')
    .description('the FIDO metadata service: models of keys, their certification and revocation');
  const client = async () => (await admin()).metadata;
  defineAdmin(
    group,
    { usage: 'status', summary: 'show which metadata the tenant has', example: 'kennel metadata status' },
    async () => {
      const value = await (await client()).status();
      return { value, text: shown(value) };
    },
  );
  defineAdmin(
    group,
    { usage: 'refresh', summary: 'ask the source now', example: 'kennel metadata refresh' },
    async () => {
      const value = await (await client()).refresh();
      return { value, text: shown(value) };
    },
  );
  defineAdmin(
    group,
    { usage: 'models', summary: 'list all models that it knows', example: 'kennel metadata models --json' },
    async () => {
      const value = await (await client()).models();
      const rows = value.map((model) => [
        model.aaGuid,
        model.name,
        model.certificationLevel ?? '-',
        model.revoked ? 'REVOKED' : '',
      ]);
      return { value, text: table(['AAGUID', 'model', 'certification', ''], rows, 'No model is known.') };
    },
  );
}
