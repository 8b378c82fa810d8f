/** kennel key: security keys, on the desk (info, PIN) and in the tenant (register, list, remove). */
import type { SecurityKey } from '@kennel/security-key';
import type { Command } from 'commander';
import { admin } from '../admin.ts';
import { define, type Given, option, required, text } from '../command.ts';
import { softwareKeySocket } from '../home.ts';
import { pinFileOption, readPin } from '../pin.ts';
import { fields, table } from '../table.ts';

export const keyOption = option(
  '--key-socket <path>',
  'socket of a software key (KENNEL_SECURITY_KEY, or software-key.sock in KENNEL_HOME)',
);

/** Runs something with the key and lets go of it, whatever happens. */
export async function withKey<T>(given: Given, use: (key: SecurityKey) => Promise<T>): Promise<T> {
  const { connectSoftwareKey } = await import('@kennel/security-key');
  const key = await connectSoftwareKey(text(given, 'keySocket') ?? softwareKeySocket(), {
    onTouchNeeded: () => console.error('Touch the security key now.'),
  });
  try {
    return await use(key);
  } finally {
    await key.close();
  }
}

export function keyCommands(program: Command): void {
  const group = program
    .command('key')
    .description('security keys: the one at hand, and those registered in the tenant');
  const client = async () => (await admin()).keys;

  define(
    group,
    {
      usage: 'info',
      summary: 'show the security key at hand',
      example: 'kennel key info',
      options: [keyOption],
    },
    (_, given) =>
      withKey(given, async (key) => {
        const info = await key.info();
        const retries = info.clientPinSet ? (await key.pinRetries()).retries : undefined;
        const value = { ...info, pinRetries: retries };
        return {
          value,
          text: fields({
            aaguid: info.aaguid,
            versions: info.versions.join(' '),
            extensions: info.extensions.join(' '),
            'PIN set': info.clientPinSet ? 'yes' : 'no',
            'PIN tries left': retries ?? '-',
          }),
        };
      }),
  );
  define(
    group,
    {
      usage: 'set-pin',
      summary: 'give the security key at hand its first PIN',
      example: 'kennel key set-pin',
      options: [keyOption, pinFileOption],
    },
    (_, given) =>
      withKey(given, async (key) => {
        await key.setPin(await readPin(text(given, 'pinFile'), 'New PIN'));
        return { value: { pinSet: true }, text: 'The PIN is set.' };
      }),
  );
  define(
    group,
    {
      usage: 'change-pin',
      summary: 'change the PIN of the security key at hand',
      example: 'kennel key change-pin',
      options: [keyOption, pinFileOption, option('--new-pin-file <file>', 'read the new PIN from a file')],
    },
    (_, given) =>
      withKey(given, async (key) => {
        const old = await readPin(text(given, 'pinFile'), 'Present PIN');
        await key.changePin(old, await readPin(text(given, 'newPinFile'), 'New PIN'));
        return { value: { pinChanged: true }, text: 'The PIN is changed.' };
      }),
  );
  define(
    group,
    {
      usage: 'register',
      summary: 'register the security key at hand for a user; the key takes part',
      example: 'kennel key register --user alice --display-name "Blue key"',
      options: [
        required('--user <user>', 'id, full name, or the part before the @'),
        option('--display-name <name>', 'how the user tells it apart').default('Security key'),
        keyOption,
        pinFileOption,
      ],
    },
    (_, given) =>
      withKey(given, async (key) => {
        const user = text(given, 'user') ?? '';
        const { createCredentialJson } = await import('@kennel/security-key');
        const { publicKey, origin } = await (await client()).options(user);
        const credential = await createCredentialJson(
          key,
          publicKey,
          origin,
          await readPin(text(given, 'pinFile')),
        );
        const value = await (await client()).register(user, {
          displayName: text(given, 'displayName') ?? 'Security key',
          credential,
        });
        return { value, text: `The key "${value.displayName}" (${value.aaGuid}) is registered for ${user}.` };
      }),
  );
  define(
    group,
    {
      usage: 'list',
      summary: "list a user's registered keys",
      example: 'kennel key list --user alice',
      options: [required('--user <user>', 'whose')],
    },
    async (_, given) => {
      const value = await (await client()).list(text(given, 'user') ?? '');
      const rows = value.map((key) => [
        key.id,
        key.displayName,
        key.aaGuid,
        key.createdOn,
        key.lastUsedOn ?? 'never',
      ]);
      return {
        value,
        text: table(
          ['id', 'name', 'model (AAGUID)', 'added', 'last used'],
          rows,
          'The user has no security key. Register one with: kennel key register --user USER',
        ),
      };
    },
  );
  define(
    group,
    {
      usage: 'remove <id>',
      summary: 'remove a registered key; it stops working at the next request',
      example: 'kennel key remove --user alice 3q2-7w',
      options: [required('--user <user>', 'whose')],
    },
    async ([id = ''], given) => {
      await (await client()).remove(text(given, 'user') ?? '', id);
      return {
        value: { removed: id },
        text: 'The key is removed. Tickets that a domain controller issued before end by themselves within ten hours.',
      };
    },
  );
}
