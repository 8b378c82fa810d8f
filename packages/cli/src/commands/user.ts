/** kennel user: the tenant's users, with the names that they have in AD. */
import type { OnPremisesAccount, User, UserChanges } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { fields, table } from '../table.ts';

const ON_PREMISES = [
  option('--display-name <name>', 'the name that people see'),
  option('--sid <sid>', "onPremisesSecurityIdentifier: the user's SID in AD"),
  option('--sam-account-name <name>', 'onPremisesSamAccountName'),
  option('--domain <dns-name>', "onPremisesDomainName: DNS name of the user's AD domain"),
];

function changesOf(given: Given): UserChanges {
  const changes: UserChanges = {};
  const displayName = text(given, 'displayName');
  const sid = text(given, 'sid');
  const samAccountName = text(given, 'samAccountName');
  const domain = text(given, 'domain');
  if (displayName !== undefined) changes.displayName = displayName;
  if (sid !== undefined) changes.onPremisesSecurityIdentifier = sid || null;
  if (samAccountName !== undefined) changes.onPremisesSamAccountName = samAccountName || null;
  if (domain !== undefined) changes.onPremisesDomainName = domain || null;
  return changes;
}

const shown = (user: User) => fields({ ...user });

/** With what the directory says, and why it is in the way of sign-in or tickets where it is. */
function shownWithAccount({ account, ...user }: User & { account: OnPremisesAccount | null }): string {
  if (account === null) return shown(user);
  const { signInRefusal, ticketRefusal, ...facts } = account;
  return fields({
    ...user,
    ...facts,
    signIn: signInRefusal?.message ?? 'allowed',
    ticket: ticketRefusal?.message ?? 'allowed',
  });
}

export function userCommands(program: Command): void {
  const group = program.command('user').description('users of the tenant');
  const client = async () => (await admin()).users;

  defineAdmin(
    group,
    {
      usage: 'create <upn>',
      summary: 'add a user',
      example:
        'kennel user create alice@corp.example.com --sid S-1-5-21-1-2-3-1104 --sam-account-name alice --domain corp.example.com',
      options: ON_PREMISES,
    },
    async ([upn = ''], given) => {
      const {
        displayName,
        onPremisesSecurityIdentifier: sid,
        onPremisesSamAccountName: sam,
        onPremisesDomainName: domain,
      } = changesOf(given);
      const value = await (await client()).create({
        userPrincipalName: upn,
        ...(displayName ? { displayName } : {}),
        ...(sid ? { onPremisesSecurityIdentifier: sid } : {}),
        ...(sam ? { onPremisesSamAccountName: sam } : {}),
        ...(domain ? { onPremisesDomainName: domain } : {}),
      });
      return { value, text: shown(value) };
    },
  );
  defineAdmin(group, { usage: 'list', summary: 'list the users', example: 'kennel user list' }, async () => {
    const value = await (await client()).list();
    const rows = value.map((user) => [
      user.userPrincipalName,
      user.displayName,
      user.enabled ? 'yes' : 'no',
      user.onPremisesSecurityIdentifier ?? '-',
    ]);
    return {
      value,
      text: table(
        ['user', 'name', 'enabled', 'SID'],
        rows,
        'There are no users yet. Add one with: kennel user create <upn>',
      ),
    };
  });
  defineAdmin(
    group,
    { usage: 'show <user>', summary: 'show one user', example: 'kennel user show alice' },
    async ([user = '']) => {
      const users = await client();
      const value = { ...(await users.show(user)), account: await users.account(user) };
      return { value, text: shownWithAccount(value) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'update <user>',
      summary: 'change a user; an empty value takes a field away',
      example: 'kennel user update alice --display-name "Alice Example"',
      options: ON_PREMISES,
    },
    async ([user = ''], given) => {
      const changes = changesOf(given);
      if (Object.keys(changes).length === 0)
        throw new CliError(
          'usage',
          'Say what is to change: --display-name, --sid, --sam-account-name or --domain.',
        );
      const value = await (await client()).update(user, changes);
      return { value, text: shown(value) };
    },
  );
  defineAdmin(
    group,
    { usage: 'enable <user>', summary: 'let a user sign in again', example: 'kennel user enable alice' },
    async ([user = '']) => {
      const value = await (await client()).enable(user);
      return { value, text: `${value.userPrincipalName} may sign in.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'disable <user>',
      summary: "refuse a user's sign-ins from now on",
      example: 'kennel user disable alice',
    },
    async ([user = '']) => {
      const value = await (await client()).disable(user);
      return {
        value,
        text: `${value.userPrincipalName} may not sign in. Tickets that a domain controller issued before end by themselves within ten hours.`,
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'sign-out <user>',
      summary: 'end all sign-ins of a user, on the web and on every device',
      example: 'kennel user sign-out alice',
    },
    async ([user = '']) => {
      await (await client()).signOut(user);
      return {
        value: { signedOut: user },
        text: `${user} is signed out everywhere, and may sign in anew. Tickets that a domain controller issued before end by themselves within ten hours.`,
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'set-role <user> <role>',
      summary: 'make somebody an administrator, or a user again',
      example: 'kennel user set-role alice administrator',
    },
    async ([user = '', role = '']) => {
      if (role !== 'user' && role !== 'administrator')
        throw new CliError('usage', 'The role is user or administrator.');
      const value = await (await client()).setRole(user, role);
      return {
        value,
        text:
          role === 'administrator'
            ? `${value.userPrincipalName} is an administrator, once signed in with a security key.`
            : `${value.userPrincipalName} is no administrator any more.`,
      };
    },
  );
  defineAdmin(
    group,
    { usage: 'delete <user>', summary: 'remove a user with their keys', example: 'kennel user delete alice' },
    async ([user = '']) => {
      await (await client()).delete(user);
      return { value: { deleted: user }, text: `${user} is removed.` };
    },
  );
}
