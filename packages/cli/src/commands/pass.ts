/** kennel pass: Temporary Access Passes, with which a person registers a first key, or a new one for a lost one. */
import {
  PASS_CHARACTERS,
  PASS_MINUTES,
  type Pass,
  type PassPolicy,
  type PassPolicyChanges,
} from '@kennel/tenant/wire';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { fields } from '../table.ts';

const UNITS: Readonly<Record<string, number>> = { m: 1, h: 60, d: 1440 };

export function passCommands(program: Command): void {
  const group = program
    .command('pass')
    .description('Temporary Access Passes: the way to a first security key, or past a lost one');
  const client = async () => (await admin()).passes;
  defineAdmin(
    group,
    {
      usage: 'create <user>',
      summary: 'make a pass for a user, in place of the one before; it is shown this once',
      example: 'kennel pass create alice --lifetime 8h',
      options: [
        option('--lifetime <time>', 'how long it is good: 10m to 30d (policy says how much of that)'),
        option(
          '--start <time>',
          'when it begins to be good, such as 2026-01-31T08:00:00Z; now, unless given',
        ),
        option('--reusable', 'good for more than one registration'),
      ],
    },
    async ([user = ''], given) => {
      const lifetime = text(given, 'lifetime');
      const start = text(given, 'start');
      const value = await (await client()).create(user, {
        ...(lifetime !== undefined && { lifetimeInMinutes: minutesOf('lifetime', lifetime) }),
        ...(start !== undefined && { startDateTime: start }),
        ...(given.reusable === true && { isUsableOnce: false }),
      });
      return {
        value,
        text: [
          `${spelled(value.temporaryAccessPass ?? '')}`,
          '',
          `This is the only time that the pass is shown. It is good ${validityOf(value)}.`,
          'Give it to the person in person or by telephone, never by the mail that it may open.',
        ].join('\n'),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'show <user>',
      summary: "show a user's pass: how long it is good, never the pass itself",
      example: 'kennel pass show alice',
    },
    async ([user = '']) => {
      const value = await (await client()).show(user);
      return {
        value,
        text: fields({
          id: value.id,
          created: value.createdDateTime,
          starts: value.startDateTime,
          ends: endOf(value),
          'single use': value.isUsableOnce ? 'yes' : 'no',
          usable: value.isUsable ? 'yes' : `no (${value.methodUsabilityReason})`,
        }),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'delete <user>',
      summary: "delete a user's pass; it stops working at the next request",
      example: 'kennel pass delete alice',
    },
    async ([user = '']) => {
      await (await client()).remove(user);
      return { value: { deleted: user }, text: 'The pass is deleted.' };
    },
  );
}

const POLICY_OPTIONS = [
  option('--passes <on|off>', 'whether there are any'),
  option('--length <n>', 'characters of a new pass, 8 to 48'),
  option('--default-lifetime <time>', 'unless --lifetime is given'),
  option('--min-lifetime <time>', 'the shortest, 10m at least'),
  option('--max-lifetime <time>', 'the longest, 30d at most'),
  option('--single-use <always|optional>', 'whether every pass is for one registration'),
];

/** `kennel policy pass`: shows the policy for passes, and changes what is given. */
export function passPolicyCommand(group: Command): void {
  defineAdmin(
    group,
    {
      usage: 'pass',
      summary: 'show the policy for Temporary Access Passes, or change what is given',
      example: 'kennel policy pass --max-lifetime 7d --length 12',
      options: POLICY_OPTIONS,
    },
    async (_, given) => {
      const changes = changesOf(given);
      const { passes } = await admin();
      const value =
        Object.keys(changes).length === 0 ? await passes.policy() : await passes.changePolicy(changes);
      return { value, text: shown(value) };
    },
  );
}

function changesOf(given: Given): PassPolicyChanges {
  const minutes = (name: string, member: keyof PassPolicyChanges) => {
    const value = text(given, name);
    return value === undefined ? {} : { [member]: minutesOf(name, value) };
  };
  const choice = (name: string, member: keyof PassPolicyChanges, choices: Record<string, unknown>) => {
    const value = text(given, name);
    if (value === undefined) return {};
    if (!Object.hasOwn(choices, value)) {
      throw new CliError('usage', `This takes ${Object.keys(choices).join(' or ')}, not ${value}.`);
    }
    return { [member]: choices[value] };
  };
  const length = text(given, 'length');
  return {
    ...choice('passes', 'state', { on: 'enabled', off: 'disabled' }),
    ...(length !== undefined && { defaultLength: lengthOf(length) }),
    ...minutes('defaultLifetime', 'defaultLifetimeInMinutes'),
    ...minutes('minLifetime', 'minimumLifetimeInMinutes'),
    ...minutes('maxLifetime', 'maximumLifetimeInMinutes'),
    ...choice('singleUse', 'isUsableOnce', { always: true, optional: false }),
  };
}

const shown = (policy: PassPolicy) =>
  fields({
    passes: policy.state === 'enabled' ? 'on' : 'off',
    length: `${policy.defaultLength} characters`,
    lifetime: `${spanOf(policy.defaultLifetimeInMinutes)}, from ${spanOf(policy.minimumLifetimeInMinutes)} to ${spanOf(policy.maximumLifetimeInMinutes)}`,
    'single use': policy.isUsableOnce ? 'always' : 'unless made with --reusable',
  });

/** @throws CliError `usage` */
function minutesOf(option: string, time: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(time) ?? [];
  if (count === undefined) {
    throw new CliError('usage', `${time} is no length of time for ${option}: give 30m, 8h or 7d.`);
  }
  const minutes = Number(count) * (UNITS[unit] ?? 1);
  if (minutes < PASS_MINUTES.least || minutes > PASS_MINUTES.most) {
    throw new CliError(
      'usage',
      `A pass lasts from ${spanOf(PASS_MINUTES.least)} to ${spanOf(PASS_MINUTES.most)}; ${time} for ${option} is not within that.`,
    );
  }
  return minutes;
}

/** @throws CliError `usage` */
function lengthOf(text: string): number {
  const length = Number(text);
  const { least, most } = PASS_CHARACTERS;
  if (Number.isInteger(length) && length >= least && length <= most) return length;
  throw new CliError('usage', `A pass has ${least} to ${most} characters, not ${text}.`);
}

const spanOf = (minutes: number) => {
  const unit = ['d', 'h'].find((name) => minutes % (UNITS[name] ?? 1) === 0) ?? 'm';
  return `${minutes / (UNITS[unit] ?? 1)}${unit}`;
};

const endOf = ({ startDateTime, lifetimeInMinutes }: Pass) =>
  new Date(Date.parse(startDateTime) + lifetimeInMinutes * 60_000).toISOString();
const validityOf = (pass: Pass) =>
  `from ${pass.startDateTime} to ${endOf(pass)}, ${pass.isUsableOnce ? 'for one registration' : 'for any number of registrations'}`;
/** In groups of four, as the sign-in page reads it back. */
const spelled = (pass: string) => pass.match(/.{1,4}/g)?.join('-') ?? '';
