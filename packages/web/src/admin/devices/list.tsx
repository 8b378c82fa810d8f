/** All devices; those that were not seen for long can be picked out. Above them: who may join, and the end of the device CA. */
import type { Device, DevicePolicy, User } from '@kennel/tenant/wire';
import { Alert, Anchor, Badge, Group, Select, Text, TextInput } from '@mantine/core';
import { useCallback, useState } from 'react';
import { Link, useLocation } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { Done } from '../../components/done.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { Heading } from '../../components/heading.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { Time } from '../../components/time.tsx';
import { shownOf } from '../found.ts';
import { kindOf, ownerOf, systemOf } from './words.ts';

const DAY_MS = 86_400_000;
const CHOICES = [
  { value: '0', label: 'All devices' },
  ...[30, 90, 180, 365].map((days) => ({ value: String(days), label: `Not seen for ${days} days` })),
];

export default function Devices() {
  const [days, setDays] = useState('0');
  const [search, setSearch] = useState('');
  const load = useCallback(async () => {
    const since = days === '0' ? undefined : new Date(Date.now() - Number(days) * DAY_MS).toISOString();
    const [devices, users] = await Promise.all([admin.devices.list(since), admin.users.list()]);
    return { devices, users: new Map(users.map((user) => [user.id, user])) };
  }, [days]);
  const { value, error, reload } = useLoad(load);
  const wanted = search.trim().toLowerCase();
  const found = (value?.devices ?? []).filter((device) =>
    `${device.displayName} ${device.id} ${ownerOf(device, value?.users ?? new Map())}`
      .toLowerCase()
      .includes(wanted),
  );
  const { shown, caption } = shownOf(found, 'device');
  return (
    <>
      <Heading>Devices</Heading>
      <Done text={useDone()} />
      <Terms />
      <Group mt="md" align="flex-end">
        <TextInput
          label="Find a device"
          description="By its name, its id or whose it is"
          type="search"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          style={{ flex: 1, minWidth: 220 }}
        />
        <Select
          label="Which devices"
          data={CHOICES}
          value={days}
          onChange={(chosen) => chosen !== null && setDays(chosen)}
          allowDeselect={false}
        />
      </Group>
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <DataTable
          caption={caption}
          headings={['Device', 'Of', 'Kind', 'System', 'Last seen', 'State']}
          minWidth={720}
          rows={shown.map((device) => ({ key: device.id, cells: cellsOf(device, value.users) }))}
          nothing={wanted === '' ? 'There is no such device.' : `No device is like “${search.trim()}”.`}
        />
      )}
    </>
  );
}

const cellsOf = (device: Device, users: ReadonlyMap<string, User>) => [
  <Anchor
    key="device"
    component={Link}
    to={`/admin/devices/${device.id}`}
    underline="always"
    style={{ overflowWrap: 'anywhere' }}
  >
    {device.displayName}
  </Anchor>,
  <span key="of" style={{ overflowWrap: 'anywhere' }}>
    {ownerOf(device, users)}
  </span>,
  kindOf(device),
  systemOf(device),
  device.lastSeenOn === null ? 'Never' : <Time key="seen" value={device.lastSeenOn} />,
  <Badge key="state" variant="default" miw="max-content">
    {device.enabled ? 'Enabled' : 'Disabled'}
  </Badge>,
];

/** What was done on the page from which one is sent here: that a device is deleted. */
function useDone(): string | undefined {
  const { state } = useLocation();
  return typeof state?.done === 'string' ? state.done : undefined;
}

const terms = async () => ({ policy: await admin.devices.policy(), ca: (await admin.status()).deviceCa });

function Terms() {
  const { value, error, reload } = useLoad(terms);
  if (value === undefined) return <ErrorNotice error={error} retry={() => void reload()} />;
  return (
    <>
      {value.ca.warning !== null && (
        <Alert role="alert" color="yellow" mt="md" title="The device CA">
          {value.ca.warning}
        </Alert>
      )}
      <Text mt="xs">{policyText(value.policy)}</Text>
    </>
  );
}

function policyText({ join, groups, devicesPerUser: most, fidoRequired }: DevicePolicy): string {
  if (join === 'nobody') return 'Nobody may join devices. Computers of synced domains join by themselves.';
  const who = join === 'everyone' ? 'Everyone' : `Members of ${groups.map((g) => g.displayName).join(', ')}`;
  const how = fidoRequired ? 'after a sign-in with a security key' : 'also with a Temporary Access Pass';
  return `${who} may join devices, ${most} at most each, ${how}. Change it with “kennel policy device”.`;
}
