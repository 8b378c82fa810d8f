/**
 * The tenant that an administrator's command speaks to: the one of KENNEL_HOME over its socket, or with `--tenant` one
 * elsewhere, as a client that was enrolled here. Rooms are loaded when a command needs them, so that the others start
 * at once.
 */
import type { AdminClient } from '@kennel/tenant/admin';
import type { Enrolment } from '@kennel/tenant/client';
import type { Command } from 'commander';
import { type CommandSpec, define, type Given, type Outcome, option, text } from './command.ts';
import { CliError } from './errors.ts';
import { clientsDir, tenantDir } from './home.ts';

const TENANT_OPTIONS = [
  option('--tenant <url>', 'a tenant elsewhere, as a client that is enrolled here (kennel client enroll)'),
  option('--client <name>', 'which of the clients that are enrolled here'),
];

/** Of the one command that this process runs. */
let chosen: Given = {};

/** Adds a command for administrators of a tenant, here or elsewhere. */
export function defineAdmin(
  parent: Command,
  spec: CommandSpec,
  run: (args: string[], given: Given) => Promise<Outcome>,
): Command {
  return define(parent, { ...spec, options: [...(spec.options ?? []), ...TENANT_OPTIONS] }, (args, given) => {
    chosen = given;
    return run(args, given);
  });
}

export async function admin(): Promise<AdminClient> {
  const { adminClient, adminClientOver } = await import('@kennel/tenant/admin');
  const [tenantUrl, name] = [text(chosen, 'tenant'), text(chosen, 'client')];
  if (tenantUrl === undefined && name === undefined) return adminClient(tenantDir());
  const { clientTransport } = await import('@kennel/tenant/client');
  return adminClientOver(clientTransport(clientsDir(), await enrolledClient({ tenantUrl, name })));
}

/**
 * The one client enrolled here that fits.
 *
 * @throws CliError `not-enrolled`
 */
export async function enrolledClient(wanted: {
  tenantUrl?: string | undefined;
  name?: string | undefined;
  /** The domain of a connector. */
  domain?: string | undefined;
}): Promise<Enrolment> {
  const { readEnrolments } = await import('@kennel/tenant/client');
  const origin = wanted.tenantUrl === undefined ? undefined : URL.parse(wanted.tenantUrl)?.origin;
  const found = readEnrolments(clientsDir()).filter(
    (known) =>
      (wanted.tenantUrl === undefined || known.tenantUrl === origin) &&
      (wanted.name === undefined || known.name === wanted.name) &&
      (wanted.domain === undefined || known.domain === wanted.domain),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const what = [wanted.name, wanted.tenantUrl, wanted.domain].filter(Boolean).join(', ');
  throw new CliError(
    'not-enrolled',
    only === undefined
      ? `No client is enrolled here${what && ` for ${what}`}. Enrol one: kennel client enroll --tenant URL --token TOKEN`
      : `Several clients here fit (${found.map(({ name }) => name).join(', ')}). Choose one with --client NAME.`,
  );
}
