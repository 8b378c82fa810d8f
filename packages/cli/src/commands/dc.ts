/** kennel dc: domain controllers, as a device finds them. */
import type { DcRequirement } from '@kennel/active-directory';
import type { Command } from 'commander';
import { parseAddress } from '../address.ts';
import { define, option, text } from '../command.ts';

const REQUIREMENTS: readonly DcRequirement[] = ['keylist', 'kdc', 'writable'];

export function dcCommands(program: Command): void {
  const group = program.command('dc').description('domain controllers of an AD domain');
  define(
    group,
    {
      usage: 'locate <domain>',
      summary: 'find a domain controller, and print what it says of itself, as nltest /dsgetdc does',
      example: 'kennel dc locate corp.example.com --keylist --kdc',
      options: [
        option('--keylist', 'one that answers key list requests (Windows with its patches; Samba has none)'),
        option('--kdc', 'one that issues tickets'),
        option('--writable', 'one that is not read-only'),
        option('--site <site>', 'one of this site'),
        option('--dns <address>', 'ask this DNS server'),
        option('--dc <host:port>', 'ask this domain controller, and no DNS'),
      ],
    },
    async ([domain = ''], given) => {
      const { flagNames, locateDomainController, locatorText } = await import('@kennel/active-directory');
      const [site, dns, dc] = [text(given, 'site'), text(given, 'dns'), text(given, 'dc')];
      const found = await locateDomainController({
        domain,
        require: REQUIREMENTS.filter((name) => given[name] === true),
        ...(site ? { site } : {}),
        ...(dns ? { dnsServers: [dns] } : {}),
        ...(dc ? { controllers: [parseAddress('--dc', dc)] } : {}),
      });
      return { value: { ...found, flags: flagNames(found.flags) }, text: locatorText(found) };
    },
  );
}
