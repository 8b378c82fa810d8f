/** kennel key: security keys, on the desk (info, PIN) and in the tenant (register, list, remove). */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { define, option, required, text } from '../command.ts';
import { CliError } from '../errors.ts';
import { pinFileOption, readNewPin, readPin } from '../pin.ts';
import { registerKey } from '../registration.ts';
import { keyOption, withKey } from '../security-key.ts';
import { fields, table } from '../table.ts';
import { provisionCommand } from './key-provision.ts';

export { keyOption, withKey } from '../security-key.ts';

export function keyCommands(program: Command): void {
  const group = program
    .command('key')
    .description('security keys: the one at hand, and those registered in the tenant');
  keyAtHand(group);
  keyCredentials(group);
  registeredKeys(group);
  provisionCommand(group);
}

/** The key itself: what is plugged in, what it says, its PIN. */
function keyAtHand(group: Command): void {
  define(
    group,
    {
      usage: 'devices',
      summary: 'list the hardware keys that are plugged in',
      example: 'kennel key devices',
    },
    async () => {
      const { listHardwareKeys } = await import('@kennel/security-key');
      const value = await listHardwareKeys();
      const hex = (number: number) => number.toString(16).padStart(4, '0');
      const rows = value.map(({ path, vendorId, productId, name }) => [
        path,
        `${hex(vendorId)}:${hex(productId)}`,
        name,
      ]);
      return {
        value,
        text: table(
          ['path', 'USB', 'name'],
          rows,
          'No security key is plugged in, or you may not read and write its device.',
        ),
      };
    },
  );
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
        await key.setPin(await readNewPin(text(given, 'pinFile')));
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
        await key.changePin(old, await readNewPin(text(given, 'newPinFile')));
        return { value: { pinChanged: true }, text: 'The PIN is changed.' };
      }),
  );
}

/** What the key itself keeps, of any site. */
function keyCredentials(parent: Command): void {
  const group = parent.command('credentials').description('credentials that the security key at hand keeps');
  define(
    group,
    {
      usage: 'list',
      summary: 'list the credentials on the security key at hand',
      example: 'kennel key credentials list',
      options: [keyOption, pinFileOption],
    },
    (_, given) =>
      withKey(given, async (key) => {
        const found = await key.listCredentials(await readPin(text(given, 'pinFile')));
        const value = found.map(({ credentialId, userHandle, ...names }) => ({
          id: base64url(credentialId),
          ...names,
          userHandle: base64url(userHandle),
        }));
        const rows = value.map(({ id, rpId, userDisplayName, userName, userHandle }) => [
          rpId,
          userDisplayName ?? userName ?? userHandle,
          id,
        ]);
        return { value, text: table(['site', 'user', 'id'], rows, 'The key keeps no credential.') };
      }),
  );
  define(
    group,
    {
      usage: 'delete <id>',
      summary: 'delete a credential from the security key at hand; it cannot be brought back',
      example: 'kennel key credentials delete 3q2-7w',
      options: [keyOption, pinFileOption],
    },
    ([id = ''], given) =>
      withKey(given, async (key) => {
        if (!/^[A-Za-z0-9_-]+$/.test(id))
          throw new CliError('usage', 'The id is base64url, as kennel key credentials list shows it.');
        await key.deleteCredential(await readPin(text(given, 'pinFile')), Buffer.from(id, 'base64url'));
        return {
          value: { deleted: id },
          text: 'The credential is deleted from the key. Where a site has it registered, remove it there as well.',
        };
      }),
  );
}

/** The tenant's side: keys registered for its users. */
function registeredKeys(group: Command): void {
  const client = async () => (await admin()).keys;
  defineAdmin(
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
        const value = await registerKey(key, {
          user,
          displayName: text(given, 'displayName') ?? 'Security key',
          pin: await readPin(text(given, 'pinFile')),
        });
        return { value, text: `The key "${value.displayName}" (${value.aaGuid}) is registered for ${user}.` };
      }),
  );
  defineAdmin(
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
        key.model ?? key.aaGuid,
        key.attestationLevel === 'attested' ? 'proven' : `not proven: ${key.attestationReason}`,
        key.refused === null ? 'yes' : `no: ${key.refused.code}`,
        key.createdOn,
        key.lastUsedOn ?? 'never',
      ]);
      return {
        value,
        text: table(
          ['id', 'name', 'model', 'attestation', 'accepted', 'added', 'last used'],
          rows,
          'The user has no security key. Register one with: kennel key register --user USER',
        ),
      };
    },
  );
  defineAdmin(
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

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
