/** kennel device: this device (join, status, leave), and the tenant's devices (list, show, enable, disable, delete). */
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { define, option, required, text } from '../command.ts';
import { deviceDir } from '../home.ts';
import { pinFileOption, readPin } from '../pin.ts';
import { fields, table } from '../table.ts';
import { keyOption, withKey } from './key.ts';
import { statusText } from './status-text.ts';

export function deviceCommands(program: Command): void {
  const group = program.command('device').description('this device, and the devices of the tenant');
  thisDevice(group);
  tenantDevices(group);
}

function thisDevice(group: Command): void {
  define(
    group,
    {
      usage: 'join',
      summary: 'join this device to a tenant, with a registered security key',
      example: 'kennel device join --tenant https://login.example.com --ca ca.pem',
      options: [
        required('--tenant <url>', 'address of the tenant'),
        option('--ca <file>', "the tenant's own certificate authority, in PEM"),
        option('--name <name>', "the device's name (the host name unless given)"),
        keyOption,
        pinFileOption,
      ],
    },
    (_, given) =>
      withKey(given, async (key) => {
        const caFile = text(given, 'ca');
        const displayName = text(given, 'name');
        const { joinDevice } = await import('@kennel/device');
        const value = await joinDevice({
          stateDir: deviceDir(),
          tenantUrl: text(given, 'tenant') ?? '',
          key,
          pin: await readPin(text(given, 'pinFile')),
          ...(caFile ? { caFile } : {}),
          ...(displayName ? { displayName } : {}),
        });
        return { value, text: statusText(value) };
      }),
  );
  define(
    group,
    {
      usage: 'status',
      summary: 'show how this device is joined and who is signed in',
      example: 'kennel device status --json',
    },
    async () => {
      const { readStatus } = await import('@kennel/device');
      const value = readStatus(deviceDir());
      return { value, text: statusText(value) };
    },
  );
  define(
    group,
    {
      usage: 'leave',
      summary: 'leave the tenant: it deletes the device, and keys and tickets go from here',
      example: 'kennel device leave',
    },
    async () => {
      const { leaveDevice } = await import('@kennel/device');
      const value = await leaveDevice({ stateDir: deviceDir() });
      const told = value.next ?? 'The tenant has deleted the device.';
      return { value, text: `This device has forgotten its keys. ${told}` };
    },
  );
}

function tenantDevices(group: Command): void {
  const client = async () => (await admin()).devices;
  defineAdmin(
    group,
    { usage: 'list', summary: "list the tenant's devices (administrator)", example: 'kennel device list' },
    async () => {
      const value = await (await client()).list();
      const rows = value.map((device) => [
        device.id,
        device.displayName,
        device.operatingSystem,
        device.enabled ? 'yes' : 'no',
        device.registeredOn,
      ]);
      return {
        value,
        text: table(['id', 'name', 'system', 'enabled', 'joined on'], rows, 'No device has joined yet.'),
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'show <id>',
      summary: 'show one device of the tenant (administrator)',
      example: 'kennel device show 7c1f...',
    },
    async ([id = '']) => {
      const value = await (await client()).show(id);
      return { value, text: fields({ ...value }) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'enable <id>',
      summary: 'let a device sign in again (administrator)',
      example: 'kennel device enable 7c1f...',
    },
    async ([id = '']) => {
      const value = await (await client()).enable(id);
      return { value, text: `${value.displayName} is enabled.` };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'disable <id>',
      summary: 'refuse sign-ins from a device from now on (administrator)',
      example: 'kennel device disable 7c1f...',
    },
    async ([id = '']) => {
      const value = await (await client()).disable(id);
      return {
        value,
        text: `${value.displayName} is disabled. Tickets that a domain controller issued before end by themselves within ten hours.`,
      };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'delete <id>',
      summary: 'remove a device from the tenant (administrator)',
      example: 'kennel device delete 7c1f...',
    },
    async ([id = '']) => {
      await (await client()).delete(id);
      return { value: { deleted: id }, text: 'The device is removed.' };
    },
  );
}
