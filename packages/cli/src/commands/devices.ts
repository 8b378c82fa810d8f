/** kennel device list, show, enable, disable, delete, clean-up: the tenant's devices, for administrators. */
import type { Device } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { option, text } from '../command.ts';
import { sure } from '../confirm.ts';
import { progress } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { fields, table } from '../table.ts';

const JOINED_AS: Readonly<Record<number, string>> = {
  0: 'joined',
  4: 'registered',
  6: 'hybrid',
  8: 'shared',
};
const NONE = 'There is no such device.';
const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7, y: 365 };

export function tenantDevices(group: Command): void {
  const client = async () => (await admin()).devices;
  defineAdmin(
    group,
    {
      usage: 'list',
      summary: "list the tenant's devices (administrator)",
      example: 'kennel device list --not-seen 90d',
      options: [
        option('--not-seen <time>', 'only those that neither joined nor signed anybody in for so long'),
      ],
    },
    async (_, given) => {
      const since = text(given, 'notSeen');
      const value = await (await client()).list(since === undefined ? undefined : timeBefore(since));
      const nothing = since === undefined ? 'No device has joined yet.' : NONE;
      return { value, text: shown(value, nothing) };
    },
  );
  defineAdmin(
    group,
    {
      usage: 'clean-up',
      summary: 'disable, or delete, devices that were not seen for long (administrator)',
      example:
        'kennel device clean-up --not-seen 180d\n  kennel device clean-up --not-seen 1y --delete --yes',
      options: [
        option('--not-seen <time>', 'those that neither joined nor signed anybody in for so long'),
        option('--delete', 'delete them; a device that is deleted has to join again'),
        option('--yes', 'do not ask'),
      ],
    },
    async (_, given) => {
      const time = text(given, 'notSeen');
      if (time === undefined)
        throw new CliError('usage', 'Say for how long they were not seen (--not-seen 180d).');
      const devices = await client();
      const found = await devices.list(timeBefore(time));
      const doing = given.delete === true ? 'delete' : 'disable';
      const stale = found.filter(({ enabled }) => doing === 'delete' || enabled);
      if (stale.length === 0) return { value: { [`${doing}d`]: [] }, text: NONE };
      const question = `${doing === 'delete' ? 'Delete' : 'Disable'} these ${stale.length} devices?`;
      await sure(given.yes === true, shown(stale), question);
      for (const [at, { id, displayName }] of stale.entries()) {
        await devices[doing](id);
        progress(`${at + 1} of ${stale.length}: ${displayName} (${id}) is ${doing}d.`);
      }
      return { value: { [`${doing}d`]: stale.map(({ id }) => id) }, text: `${stale.length} ${doing}d.` };
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

const shown = (devices: readonly Device[], nothing = NONE) =>
  table(
    ['id', 'name', 'how', 'system', 'enabled', 'joined on', 'last seen'],
    devices.map((device) => [
      device.id,
      device.displayName,
      JOINED_AS[device.joinType] ?? String(device.joinType),
      device.operatingSystem,
      device.enabled ? 'yes' : 'no',
      device.registeredOn,
      device.lastSeenOn ?? 'never',
    ]),
    nothing,
  );

/** @param span as 90d, 26w, 1y. @throws CliError `usage` */
function timeBefore(span: string): string {
  const [, count, unit = ''] = /^(\d{1,4})([dwy])$/.exec(span) ?? [];
  const days = Number(count) * (DAYS[unit] ?? 0);
  if (!(days >= 1))
    throw new CliError('usage', `${span} is no length of time for --not-seen: give 90d, 26w or 1y.`);
  return new Date(Date.now() - days * 86_400_000).toISOString();
}
