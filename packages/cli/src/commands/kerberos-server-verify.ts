/** kennel kerberos-server verify: a named user's ticket, tried at every domain controller. */
import { writeFileSync } from 'node:fs';
import type { ControllerCheck } from '@kennel/active-directory';
import type { Command } from 'commander';
import { defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { DOMAIN_OPTIONS, OBJECT_NAME, progress, withServerObjects } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { tenantOf } from '../kerberos-server-tenant.ts';
import { table } from '../table.ts';

const word = (value: boolean | null) => (value === null ? '?' : value ? 'yes' : 'no');

export function kerberosServerVerifyCommand(group: Command): void {
  defineAdmin(
    group,
    {
      usage: 'verify <user>',
      summary: "mint a user's ticket and try it at every domain controller; nobody gets to use it",
      example:
        'kennel kerberos-server verify alice --domain corp.example.com --domain-credential admin@corp.example.com --report report.json',
      options: [
        ...DOMAIN_OPTIONS,
        OBJECT_NAME,
        option('--report <file>', 'write a report (JSON, no secrets) that can be sent to whoever helps'),
      ],
    },
    async ([user = ''], given) => {
      const { verifyControllers } = await import('@kennel/active-directory');
      const tenant = await tenantOf(text(given, 'domain') ?? '');
      const domain = await tenant.state();
      return withServerObjects(given, async ({ session, objects }) => {
        const controllers = await verifyControllers({
          ...{ session, objects, tenant, user, tenantKeyVersion: domain.keyVersion },
          onCheck: ({ hostName, result }) => progress(`${hostName}: ${result}`),
        });
        const writable = controllers.filter((check) => check.writable);
        const failed = writable.filter(({ redeemed }) => !redeemed);
        const value = {
          domain: session.dc.domainName,
          forest: session.dc.forestName,
          user,
          ...{ id: objects.id, tenantId: domain.krbtgtNumber, tenantKeyVersion: domain.keyVersion },
          time: new Date().toISOString(),
          controllers,
          failed: failed.length,
        };
        const report = text(given, 'report');
        if (report !== undefined) writeReport(report, value);
        const verdict =
          failed.length === 0
            ? `Every writable domain controller (${writable.length}) gives ${user} a full TGT.`
            : `${failed.length} of ${writable.length} writable domain controllers give ${user} no ticket. A refusal of the account: kennel kerberos-server policy explain ${user}. Of the key: wait for replication, or kennel kerberos-server create.`;
        return {
          value,
          text: `${checkTable(controllers)}\n${verdict}${report === undefined ? '' : `\nThe report is in ${report}.`}`,
          exitCode: failed.length === 0 ? 0 : EXIT.VERIFY_FAILED,
        };
      });
    },
  );
}

function checkTable(controllers: readonly ControllerCheck[]): string {
  return table(
    ['DC', 'writable', 'reachable', 'key version', 'key known', 'KEYLIST', 'AES', 'clock offset', 'result'],
    controllers.map((check) => [
      check.hostName,
      word(check.writable),
      word(check.reachable),
      check.keyVersion === null ? '?' : String(check.keyVersion),
      word(check.keyKnown),
      word(check.keylist),
      word(check.aes),
      check.clockOffsetSeconds === null ? '?' : `${check.clockOffsetSeconds} s`,
      check.result,
    ]),
    'The directory names no domain controller.',
  );
}

function writeReport(path: string, value: unknown): void {
  try {
    writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // fs throws ErrnoException
    throw new CliError('file-unwritable', `The report ${path} cannot be written (${code}).`);
  }
}
