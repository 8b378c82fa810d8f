/** kennel group: groups of users, to which a policy can be given. */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { table } from '../table.ts';

export function groupCommands(program: Command): void {
  const group = program.command('group').description("groups of the tenant's users, for policy");
  const client = async () => (await admin()).groups;

  defineAdmin(
    group,
    { usage: 'create <name>', summary: 'add a group', example: 'kennel group create "Finance"' },
    async ([name = '']) => {
      const value = await (await client()).create({ displayName: name });
      return { value, text: `The group ${value.displayName} is there.` };
    },
  );
  defineAdmin(
    group,
    { usage: 'list', summary: 'list the groups', example: 'kennel group list' },
    async () => {
      const value = await (await client()).list();
      const rows = value.map((each) => [each.displayName, String(each.members), each.id]);
      return {
        value,
        text: table(
          ['group', 'members', 'id'],
          rows,
          'There are no groups. Add one with: kennel group create NAME',
        ),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'delete <name>',
      summary: 'remove a group; its members stay',
      example: 'kennel group delete Finance',
    },
    async ([name = '']) => {
      await (await client()).delete(name);
      return { value: { deleted: name }, text: `The group ${name} is removed.` };
    },
  );
  defineAdmin(
    group,
    { usage: 'members <name>', summary: "list a group's members", example: 'kennel group members Finance' },
    async ([name = '']) => {
      const value = await (await client()).members(name);
      const rows = value.map((user) => [user.userPrincipalName, user.displayName]);
      return { value, text: table(['user', 'name'], rows, 'The group has no members.') };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'add <name> <user>',
      summary: 'put a user into a group',
      example: 'kennel group add Finance alice',
    },
    async ([name = '', user = '']) => {
      await (await client()).addMember(name, user);
      return { value: { group: name, added: user }, text: `${user} is in ${name}.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'remove <name> <user>',
      summary: 'take a user out of a group',
      example: 'kennel group remove Finance alice',
    },
    async ([name = '', user = '']) => {
      await (await client()).removeMember(name, user);
      return { value: { group: name, removed: user }, text: `${user} is no longer in ${name}.` };
    },
  );
}
