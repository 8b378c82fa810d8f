/** kennel kerberos-server remove: both sides, after a question. */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { sure } from '../confirm.ts';
import { OBJECT_NAME, OPTIONAL_CREDENTIAL_OPTIONS, progress, withDomain } from '../domain-session.ts';
import { CliError } from '../errors.ts';

export function kerberosServerRemoveCommand(group: Command): void {
  defineAdmin(
    group,
    {
      usage: 'remove',
      summary: 'forget the keys of a domain and take its Kerberos server objects away; asks first',
      example:
        'kennel kerberos-server remove --domain corp.example.com --domain-credential admin@corp.example.com',
      options: [
        ...OPTIONAL_CREDENTIAL_OPTIONS,
        OBJECT_NAME,
        option('--keep-domain-objects', 'only the keys in the tenant; needs no credential of the domain'),
        option('--keep-tenant-object', 'only the objects in the domain'),
        option('--yes', 'do not ask'),
      ],
    },
    async (_, given) => {
      const domain = (text(given, 'domain') ?? '').toLowerCase();
      const [keepDomain, keepTenant] = [given.keepDomainObjects === true, given.keepTenantObject === true];
      if (keepDomain && keepTenant)
        throw new CliError(
          'usage',
          'With --keep-domain-objects and --keep-tenant-object nothing is left to remove.',
        );
      if (!keepDomain && text(given, 'domainCredential') === undefined)
        throw new CliError(
          'usage',
          'Give --domain-credential of a Domain Admin to remove the objects of the domain, or --keep-domain-objects.',
        );
      const removeFromTenant = async () => {
        const { kerberosDomains } = await admin();
        if (!(await kerberosDomains.list()).some(({ dnsName }) => dnsName === domain)) return false;
        await kerberosDomains.remove(domain);
        return true;
      };
      if (keepDomain) {
        await sure(given.yes === true, shown([`the keys of ${domain} in the tenant`]), QUESTION);
        const { kerberosDomains } = await admin();
        await kerberosDomains.remove(domain);
        return {
          value: { tenant: true, removed: [] },
          text: `${domain} is removed from the tenant. The objects in AD are untouched.`,
        };
      }
      const { removableObjects, removeObjects } = await import('@kennel/active-directory');
      return withDomain(given, async (session) => {
        const removed = await removableObjects(session.directory, text(given, 'objectName'));
        await sure(
          given.yes === true,
          shown([...(keepTenant ? [] : [`the keys of ${domain} in the tenant`]), ...removed]),
          QUESTION,
        );
        // The tenant first: it is not to sign with a key that no domain controller has any more.
        const tenant = keepTenant ? false : await removeFromTenant();
        await removeObjects(session.directory, removed, (dn) => progress(`Removed ${dn}.`));
        const nothing = !tenant && removed.length === 0;
        return {
          value: { tenant, removed },
          text: nothing
            ? `There was nothing to remove of ${domain}.`
            : `Removed: ${[...(tenant ? ['the keys in the tenant'] : []), ...removed].join('\n  ')}\nTickets that were issued go on until they end, at most ten hours.`,
        };
      });
    },
  );
}

const QUESTION = 'Remove for good? Users of the domain get no tickets by security key any more.';
const shown = (what: readonly string[]) => `To be removed:\n  ${what.join('\n  ')}`;
