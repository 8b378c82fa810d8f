/** kennel policy device: who may join devices, how many, and after which proof. */
import type { DevicePolicy, DevicePolicyChanges } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { fields } from '../table.ts';

const JOIN = ['everyone', 'nobody'] as const;

export function devicePolicyCommand(group: Command): void {
  defineAdmin(
    group,
    {
      usage: 'device',
      summary: 'show the policy for devices, or change what is given',
      example:
        'kennel policy device\n  kennel policy device --join-groups Staff Helpdesk --devices-per-user 5 --security-key required',
      options: [
        option('--join <everyone|nobody>', 'who may join a device'),
        option('--join-groups <name...>', 'only the members of these groups may'),
        option('--devices-per-user <n>', 'how many devices a person may have joined, 1 to 1000'),
        option(
          '--security-key <required|optional>',
          'whether a device is joined only after a sign-in with a key',
        ),
      ],
    },
    async (_, given) => {
      const changes = changesOf(given);
      const { devices } = await admin();
      const value =
        Object.keys(changes).length === 0 ? await devices.policy() : await devices.changePolicy(changes);
      return { value, text: shown(value) };
    },
  );
}

function changesOf(given: Given): DevicePolicyChanges {
  const [join, most, key] = ['join', 'devicesPerUser', 'securityKey'].map((name) => text(given, name));
  const groups = given.joinGroups as string[] | undefined; // as commander gives many
  if (join !== undefined && groups !== undefined) {
    throw new CliError('usage', 'Give one of --join and --join-groups.');
  }
  const who = JOIN.find((one) => one === join);
  if (join !== undefined && who === undefined) {
    throw new CliError(
      'usage',
      `--join takes ${JOIN.join(' or ')}, not ${join}; for groups there is --join-groups.`,
    );
  }
  if (key !== undefined && key !== 'required' && key !== 'optional') {
    throw new CliError('usage', `--security-key takes required or optional, not ${key}.`);
  }
  return {
    ...(who !== undefined && { join: who }),
    ...(groups !== undefined && {
      join: 'groups' as const,
      groups,
    }),
    ...(most !== undefined && { devicesPerUser: Number(most) }),
    ...(key !== undefined && { fidoRequired: key === 'required' }),
  };
}

const shown = ({ join, groups, devicesPerUser, fidoRequired }: DevicePolicy) =>
  fields({
    'who may join': join === 'groups' ? groups.map(({ displayName }) => displayName).join(', ') : join,
    'devices a person': String(devicesPerUser),
    'security key': fidoRequired ? 'required' : 'optional: a Temporary Access Pass is enough',
  });
