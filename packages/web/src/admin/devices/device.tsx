/** One device: what it is, and what an administrator may do with it. */
import type { Device, User } from '@kennel/tenant/wire';
import { Anchor, Badge, Button, Group, Text } from '@mantine/core';
import { type ReactNode, useCallback, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { useLoad } from '../../app/use-load.ts';
import { Dialog } from '../../components/dialog.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { Time } from '../../components/time.tsx';
import { SubjectHead } from '../subject-head.tsx';
import { kindOf, ownerOf, systemOf } from './words.ts';

type What = 'enable' | 'disable' | 'delete';

export default function DevicePage() {
  const { device: id = '' } = useParams();
  const load = useCallback(async () => {
    const device = await admin.devices.show(id);
    const isUsers = !device.registeredBy.startsWith('computer:');
    // who registered it may be gone
    const owner = isUsers ? await admin.users.show(device.registeredBy).catch(() => undefined) : undefined;
    return { device, users: new Map(owner === undefined ? [] : [[owner.id, owner]]) };
  }, [id]);
  const { value, error, reload } = useLoad(load);
  const [doing, setDoing] = useState<What>();
  const [done, setDone] = useState<string>();
  const navigate = useNavigate();
  const begin = (what: What) => {
    setDone(undefined);
    setDoing(what);
  };
  const finish = async (what: What) => {
    const text = `${value?.device.displayName} is ${what}d.`;
    if (what === 'delete') return void (await navigate('/admin/devices', { state: { done: text } }));
    await reload();
    setDone(text);
    setDoing(undefined);
  };
  return (
    <>
      <SubjectHead
        all={{ to: '/admin/devices', text: 'All devices' }}
        title={value?.device.displayName ?? (error === undefined ? undefined : 'Device')}
        done={done}
      />
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <>
          <Group justify="space-between">
            <Badge variant="default">{value.device.enabled ? 'Enabled' : 'Disabled'}</Badge>
            <Group gap="xs">
              <Button variant="default" onClick={() => begin(value.device.enabled ? 'disable' : 'enable')}>
                {value.device.enabled ? 'Disable the device' : 'Enable the device'}
              </Button>
              <Button variant="default" onClick={() => begin('delete')}>
                Delete the device
              </Button>
            </Group>
          </Group>
          <Facts device={value.device} users={value.users} />
          {doing !== undefined && (
            <Ask device={value.device} what={doing} close={() => setDoing(undefined)} finish={finish} />
          )}
        </>
      )}
    </>
  );
}

function Facts({ device, users }: { device: Device; users: ReadonlyMap<string, User> }) {
  const owner = users.get(device.registeredBy);
  const name = ownerOf(device, users);
  const facts: [string, ReactNode][] = [
    [
      'Of',
      owner === undefined ? (
        name
      ) : (
        <Anchor key="of" component={Link} to={`/admin/users/${owner.id}`} underline="always">
          {name}
        </Anchor>
      ),
    ],
    ['Kind', kindOf(device)],
    ['System', systemOf(device)],
    ['Joined', <Time key="joined" value={device.registeredOn} />],
    ['Last seen', device.lastSeenOn === null ? 'Never' : <Time key="seen" value={device.lastSeenOn} />],
    ['Certificate until', <Time key="until" value={device.certificateNotAfter} />],
    ['Thumbprint', device.certificateThumbprint],
    ['Id', device.id],
  ];
  return (
    <dl className="facts">
      {facts.map(([term, fact]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}

const TEXTS: Readonly<Record<What, string>> = {
  enable: 'People can sign in at it again.',
  disable: 'Nobody signs in at it, and its tokens are refused, from the next request on.',
  delete: 'Its tokens go with it, and it has to join again.',
};

interface AskProps {
  device: Device;
  what: What;
  close: () => void;
  finish: (what: What) => Promise<void>;
}

function Ask({ device, what, close, finish }: AskProps) {
  const withFreshProof = useFreshProof();
  const word = `${what[0]?.toUpperCase()}${what.slice(1)}`;
  const run = async () => {
    await withFreshProof<unknown>(() => admin.devices[what](device.id));
    await finish(what);
  };
  return (
    <Dialog
      title={`${word} the device`}
      action={word}
      busyText="One moment."
      danger={what !== 'enable'}
      close={close}
      run={run}
    >
      <Text>
        {device.displayName}: {TEXTS[what]}
        {what !== 'enable' && ' Tickets of the domain end within ten hours.'}
      </Text>
    </Dialog>
  );
}
