/** kennel policy: which security keys the tenant accepts, by group of users; it holds at registration and at every sign-in. */
import type { KeyPolicy, KeyPolicyChanges } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { fields, table } from '../table.ts';
import { passPolicyCommand } from './pass.ts';
import { devicePolicyCommand } from './policy-device.ts';

const SET_OPTIONS = [
  option('--self-service <on|off>', 'whether people may register keys themselves'),
  option('--attestation <required|optional>', 'whether the model of a key must be proven'),
  option('--allow <aaguids>', 'only these models, separated by commas'),
  option('--block <aaguids>', 'all models but these, separated by commas'),
  option('--any-model', 'lift the list of models'),
  option('--passkey-types <types>', 'deviceBound, synced, or both separated by a comma'),
  option('--certification <level>', 'least certification level of the model, such as L2; "none" lifts it'),
  option(
    '--transports <transports>',
    'ways to connect that are allowed, separated by commas; "any" lifts it',
  ),
  option('--counter-regression <block|log>', "what happens where a key's counter goes back"),
  option('--offline-days <days>', 'how long a device signs people in without the tenant, 0 (never) to 14'),
];

const list = (value: string) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function choice<T>(option: string, value: string, choices: Readonly<Record<string, T>>): T {
  const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (chosen === undefined)
    throw new CliError(
      'usage',
      `--${option} takes ${Object.keys(choices).join(' or ')}, not ${JSON.stringify(value)}.`,
    );
  return chosen;
}

/** The tenant checks what is given; here it is only put into its shape. */
function changesOf(given: Given): KeyPolicyChanges {
  const changes: Record<string, unknown> = {};
  const [selfService, attestation, allow, block] = ['selfService', 'attestation', 'allow', 'block'].map(
    (name) => text(given, name),
  );
  const [types, certification, transports, counter] = [
    'passkeyTypes',
    'certification',
    'transports',
    'counterRegression',
  ].map((name) => text(given, name));
  if (selfService) changes.selfService = choice('self-service', selfService, { on: true, off: false });
  if (attestation)
    changes.attestationEnforced = choice('attestation', attestation, { required: true, optional: false });
  if ([allow, block, given.anyModel].filter(Boolean).length > 1)
    throw new CliError('usage', 'Give one of --allow, --block and --any-model.');
  if (allow) changes.keyRestrictions = { isEnforced: true, enforcementType: 'allow', aaGuids: list(allow) };
  if (block) changes.keyRestrictions = { isEnforced: true, enforcementType: 'block', aaGuids: list(block) };
  if (given.anyModel) changes.keyRestrictions = { isEnforced: false, enforcementType: 'allow', aaGuids: [] };
  if (types) changes.passkeyTypes = list(types);
  if (certification) changes.minimumCertificationLevel = certification === 'none' ? null : certification;
  if (transports) changes.transports = transports === 'any' ? null : list(transports);
  if (counter)
    changes.counterRegression = choice('counter-regression', counter, { block: 'block', log: 'log' });
  const offline = text(given, 'offlineDays');
  if (offline) changes.offlineDays = Number(offline);
  if (Object.keys(changes).length === 0)
    throw new CliError('usage', 'Say what is to change; kennel policy set --help lists the options.');
  return changes;
}

const nameOf = ({ group }: KeyPolicy) => group?.displayName ?? 'default';

function shown(policy: KeyPolicy): string {
  const { keyRestrictions: models } = policy;
  return fields({
    group: nameOf(policy),
    'self-service': policy.selfService ? 'on' : 'off',
    attestation: policy.attestationEnforced ? 'required' : 'optional',
    models: models.isEnforced ? `${models.enforcementType} ${models.aaGuids.join(', ') || 'none'}` : 'any',
    'passkey types': policy.passkeyTypes.join(', '),
    certification: policy.minimumCertificationLevel ?? 'none needed',
    transports: policy.transports?.join(', ') ?? 'any',
    'counter regression': policy.counterRegression,
    'offline sign-in': policy.offlineDays === 0 ? 'never' : `${policy.offlineDays} days`,
    'user verification': 'always required',
    'changed on': policy.updatedOn ?? 'never',
  });
}

export function policyCommands(program: Command): void {
  const group = program
    .command('policy')
    .description('which security keys the tenant accepts; the first group that fits decides');
  const client = async () => (await admin()).keyPolicies;
  passPolicyCommand(group);
  devicePolicyCommand(group);

  defineAdmin(
    group,
    {
      usage: 'list',
      summary: 'list the entries in the order in which they are tried',
      example: 'kennel policy list',
    },
    async () => {
      const value = await (await client()).list();
      const rows = value.map((policy) => [
        nameOf(policy),
        policy.attestationEnforced ? 'required' : 'optional',
        policy.keyRestrictions.isEnforced ? policy.keyRestrictions.enforcementType : 'any',
        policy.passkeyTypes.join(', '),
        policy.selfService ? 'on' : 'off',
      ]);
      return {
        value,
        text: table(
          ['group', 'attestation', 'models', 'passkey types', 'self-service'],
          rows,
          'There is no policy.',
        ),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'show <group>',
      summary: 'show one entry; the last one is called default',
      example: 'kennel policy show default',
    },
    async ([name = '']) => {
      const value = await (await client()).show(name);
      return { value, text: shown(value) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'set <group>',
      summary: 'change an entry, or make one for a group',
      example: 'kennel policy set default --attestation required',
      options: SET_OPTIONS,
    },
    async ([name = ''], given) => {
      const value = await (await client()).change(name, changesOf(given));
      return { value, text: `${shown(value)}\nIt holds from the next registration and the next sign-in on.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'remove <group>',
      summary: "remove a group's entry; the next that fits decides",
      example: 'kennel policy remove Finance',
    },
    async ([name = '']) => {
      await (await client()).remove(name);
      return { value: { removed: name }, text: `The entry of ${name} is removed.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'order <groups...>',
      summary: 'say in which order the entries are tried (all groups that have one)',
      example: 'kennel policy order Administrators Finance',
    },
    async (groups) => {
      const value = await (await client()).order(groups);
      return { value, text: `Tried in this order: ${value.map(nameOf).join(', ')}.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'explain <user>',
      summary: 'show the entry that holds for a user',
      example: 'kennel policy explain alice',
    },
    async ([user = '']) => {
      const value = await (await client()).effective(user);
      return { value, text: shown(value) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'keys',
      summary: 'list the models of keys that are accepted',
      example: 'kennel policy keys --user alice',
      options: [option('--user <user>', 'of this user; under the default unless given')],
    },
    async (_, given) => {
      const value = await (await client()).models(text(given, 'user'));
      const rows = value.models.map((model) => [model.aaGuid, model.name, model.certificationLevel ?? '-']);
      const rest = value.attestationRequired
        ? 'Keys of other models are refused.'
        : 'The model of a key need not be proven, so keys of any other model are accepted too.';
      const unknown =
        value.unknown.length === 0
          ? ''
          : `\nAllowed, but unknown to the metadata, so that no key can prove to be one: ${value.unknown.join(', ')}`;
      return {
        value,
        text: `${table(['AAGUID', 'model', 'certification'], rows, 'The metadata names no model. Configure it in config.json (metadata).')}\n${rest}${unknown}`,
      };
    },
  );
}
