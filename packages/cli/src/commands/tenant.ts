/** kennel init, serve and status: the tenant itself. */
import type { Command } from 'commander';
import { parseAddress } from '../address.ts';
import { admin, defineAdmin } from '../admin.ts';
import { define, type Given, option, required, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { tenantDir } from '../home.ts';
import { fields } from '../table.ts';

export function tenantCommands(program: Command): void {
  define(
    program,
    {
      usage: 'init',
      summary: 'make a tenant in KENNEL_HOME: its configuration, keys and store',
      example: 'kennel init --host-name login.example.com --tenant-name "Example Ltd"',
      options: [
        required('--host-name <name>', 'the name by which people and devices reach the tenant'),
        option('--tenant-name <name>', 'the name that people see'),
        option(
          '--rp-id <name>',
          'WebAuthn relying party: the host name or a domain above it; keys are bound to it for good',
        ),
        option('--listen <address:port>', 'where to listen (127.0.0.1:8443 unless given)'),
        option(
          '--tls-certificate <file>',
          'certificate chain in PEM; without it the tenant has a small CA of its own',
        ),
        option('--tls-key <file>', 'its private key in PEM'),
        option('--postgresql <url>', 'store in PostgreSQL instead of SQLite'),
        option('--lab', 'admit software keys; never for real accounts'),
      ],
    },
    async (_, given) => {
      const { initTenant } = await import('@kennel/tenant');
      const { config, caFile } = await initTenant({ stateDir: tenantDir(), ...initOptions(given) });
      const value = { tenantId: config.tenantId, hostName: config.hostName, stateDir: tenantDir(), caFile };
      const trust = caFile ? `Devices need its certificate to trust it: ${caFile}\n` : '';
      return {
        value,
        text: `The tenant ${config.tenantName} (${config.tenantId}) is in ${tenantDir()}.\n${trust}Start it with: kennel serve`,
      };
    },
  );
  define(
    program,
    {
      usage: 'serve',
      summary: 'run the tenant until it is stopped (Ctrl-C)',
      example: 'KENNEL_HOME=/var/lib/kennel kennel serve',
    },
    async () => {
      const { serveTenant } = await import('@kennel/tenant');
      const tenant = await serveTenant({ stateDir: tenantDir() });
      const { firstAdministratorLink: link } = tenant;
      if (link !== undefined) console.error(FIRST_ADMINISTRATOR(link)); // not the log: it is a secret
      await new Promise<void>((stop) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
      });
      await tenant.close();
      return { value: { stopped: true }, text: '' };
    },
  );
  defineAdmin(
    program,
    { usage: 'status', summary: 'show the running tenant', example: 'kennel status --json' },
    async () => {
      const value = await (await admin()).status();
      const { origins, deviceCa, ...rest } = value;
      const shown = {
        ...rest,
        origins: origins.join(' '),
        deviceCa: `${deviceCa.state}, until ${deviceCa.notAfter}`,
      };
      const warning = deviceCa.warning === null ? '' : `\n\n${deviceCa.warning}`;
      return { value, text: `${fields(shown)}${warning}` };
    },
  );
}

const FIRST_ADMINISTRATOR = (link: string) =>
  `There is no administrator yet. Open this link once, within a day, and register a security key:\n  ${link}`;

function initOptions(given: Given) {
  const hostName = text(given, 'hostName') ?? '';
  const [certificateFile, keyFile, url] = [
    text(given, 'tlsCertificate'),
    text(given, 'tlsKey'),
    text(given, 'postgresql'),
  ];
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new CliError('usage', 'Give --tls-certificate and --tls-key together.');
  const [tenantName, rpId, listen] = [text(given, 'tenantName'), text(given, 'rpId'), text(given, 'listen')];
  return {
    hostName,
    ...(tenantName ? { tenantName } : {}),
    ...(rpId ? { rpId } : {}),
    ...(listen ? { listen: parseListen(listen) } : {}),
    ...(certificateFile && keyFile ? { tls: { certificateFile, keyFile } } : {}),
    ...(url ? { store: { postgresql: url } } : {}),
    ...(given.lab ? { lab: true } : {}),
  };
}

function parseListen(listen: string): { address: string; port?: number } {
  const { host: address, port } = parseAddress('--listen', listen);
  return { address, ...(port === undefined ? {} : { port }) };
}
