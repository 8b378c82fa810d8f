/** kennel device-ca: the certificate authority of devices; changed on the tenant's own machine, while it is stopped. */
import { readFileSync } from 'node:fs';
import type { DeviceCa } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { define, option, text } from '../command.ts';
import { sure } from '../confirm.ts';
import { CliError } from '../errors.ts';
import { tenantDir } from '../home.ts';
import { table } from '../table.ts';

const DISTRUST = [
  option('--distrust-old', 'forget the CAs before: every device has to join again'),
  option('--yes', 'do not ask'),
];

export function deviceCaCommands(program: Command): void {
  const group = program
    .command('device-ca')
    .description("the CA that issues devices' certificates (changed while the tenant is stopped)");
  defineAdmin(
    group,
    {
      usage: 'show',
      summary: 'show the CA that issues, and those before it',
      example: 'kennel device-ca show',
    },
    async (_, given) => {
      const isHere = given.tenant === undefined && given.client === undefined;
      const value = await running().catch(async (error: unknown) => {
        const { code } = error as { code?: unknown }; // every error of ours has one
        if (!isHere || code !== 'tenant-not-running') throw error;
        const { listDeviceCas } = await import('@kennel/tenant');
        return listDeviceCas({ stateDir: tenantDir() });
      });
      return { value, text: shown(value) };
    },
  );
  define(
    group,
    {
      usage: 'renew',
      summary: 'make a new CA; devices go on with their certificates',
      example: 'systemctl stop kennel && kennel device-ca renew && systemctl start kennel',
      options: DISTRUST,
    },
    (_, given) => change(given),
  );
  define(
    group,
    {
      usage: 'import',
      summary: 'use a CA of your own; devices go on with their certificates',
      example: 'kennel device-ca import --certificate ca.pem --key ca.key',
      options: [
        option('--certificate <file>', 'the certificate of the CA in PEM'),
        option('--key <file>', 'its private key in PEM, without a password; delete the file afterwards'),
        ...DISTRUST,
      ],
    },
    (_, given) => {
      const [certificate, key] = [text(given, 'certificate'), text(given, 'key')];
      if (certificate === undefined || key === undefined) {
        throw new CliError('usage', 'Give the certificate and its key (--certificate, --key).');
      }
      return change(given, { certificate: read(certificate), privateKey: read(key) });
    },
  );
}

async function change(
  given: Readonly<Record<string, unknown>>,
  brought?: { certificate: string; privateKey: string },
) {
  const distrust = given.distrustOld === true;
  if (distrust) {
    const what = 'Every device that has joined has to join again, and nobody signs in at one until then.';
    await sure(given.yes === true, what, 'Forget the CAs before?');
  }
  const { changeDeviceCa } = await import('@kennel/tenant');
  const value = await changeDeviceCa({ stateDir: tenantDir(), distrust, ...(brought && { brought }) });
  return {
    value,
    text: `${shown(value)}\nIt issues from the next start on. Start every process of the tenant.`,
  };
}

/** @throws `tenant-not-running` where it is to be read from the store */
const running = async () => (await admin()).devices.cas();

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CliError('usage', `${file} cannot be read. Correct the path, or who may read it.`);
  }
}

const shown = (cas: readonly DeviceCa[]) =>
  table(
    ['subject', 'SHA-256', 'valid until', 'issues'],
    cas.map(({ subject, fingerprint, notAfter, current }) => [
      subject,
      fingerprint,
      notAfter,
      current ? 'yes' : 'no',
    ]),
    'There is none.',
  );
