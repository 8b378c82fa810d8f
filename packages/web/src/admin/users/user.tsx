/** One user: keys, Temporary Access Pass, and what happened at the last ceremonies. */
import type { SecurityKeyInfo, User } from '@kennel/tenant/wire';
import { Anchor, Badge, Button, Group, Text, Title } from '@mantine/core';
import { useCallback, useState } from 'react';
import { Link, useParams } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { Time } from '../../components/time.tsx';
import { SubjectHead } from '../subject-head.tsx';
import { type Doing, Doings } from './doings.tsx';
import { PassOfUser } from './pass.tsx';

export default function UserPage() {
  const { user: id = '' } = useParams();
  const load = useCallback(
    async () => ({ user: await admin.users.show(id), keys: await admin.keys.list(id) }),
    [id],
  );
  const { value, error, reload } = useLoad(load);
  const [doing, setDoing] = useState<Doing>();
  const [done, setDone] = useState<string>();
  const begin = (next: Doing) => {
    setDone(undefined);
    setDoing(next);
  };
  const close = () => setDoing(undefined);
  const finish = async (text: string) => {
    await reload();
    setDone(text);
    close();
  };
  return (
    <>
      <SubjectHead
        all={{ to: '/admin/users', text: 'All users' }}
        title={value?.user.displayName ?? (error === undefined ? undefined : 'User')}
        done={done}
      />
      <LoadNotice value={value} error={error} reload={reload} />
      {value !== undefined && (
        <>
          <State user={value.user} ask={(what) => begin({ what })} />
          <Title order={2} mt="xl" size="h3">
            Security keys
          </Title>
          <DataTable
            caption={`Keys of ${value.user.userPrincipalName}`}
            headings={['Key', 'Model', 'Added', 'Last used', 'Action']}
            minWidth={620}
            rows={value.keys.map((key) => ({
              key: key.id,
              cells: cellsOf(key, () => begin({ what: 'remove', key })),
            }))}
            nothing="No key yet. With a Temporary Access Pass the user can register one."
          />
          <PassOfUser user={value.user} />
          <Title order={2} mt="xl" size="h3">
            When a key does not work
          </Title>
          <Anchor
            component={Link}
            to={`/admin/events?user=${encodeURIComponent(value.user.userPrincipalName)}`}
            underline="always"
          >
            What happened at this user’s registrations and sign-ins
          </Anchor>
          <Doings user={value.user} doing={doing} close={close} finish={finish} />
        </>
      )}
    </>
  );
}

function State({ user, ask }: { user: User; ask: (what: Exclude<Doing['what'], 'remove'>) => void }) {
  return (
    <Group justify="space-between">
      <div>
        <Text style={{ overflowWrap: 'anywhere' }}>{user.userPrincipalName}</Text>
        <Group gap="xs" mt="xs">
          <Badge variant="default">{user.enabled ? 'Enabled' : 'Disabled'}</Badge>
          {user.role === 'administrator' && <Badge variant="default">Administrator</Badge>}
        </Group>
      </div>
      <Group gap="xs">
        <Button variant="default" onClick={() => ask('sign-out')}>
          Sign out everywhere
        </Button>
        <Button variant="default" onClick={() => ask(user.role === 'administrator' ? 'demote' : 'promote')}>
          {user.role === 'administrator' ? 'Take the role away' : 'Make an administrator'}
        </Button>
        <Button variant="default" onClick={() => ask(user.enabled ? 'disable' : 'enable')}>
          {user.enabled ? 'Disable the user' : 'Enable the user'}
        </Button>
      </Group>
    </Group>
  );
}

const cellsOf = (key: SecurityKeyInfo, remove: () => void) => [
  key.displayName,
  <div key="model">
    {key.model ?? 'Unknown model'}
    <Group gap="xs">
      <Badge variant="default">{key.attestationLevel === 'attested' ? 'Proven' : 'Not proven'}</Badge>
      <Badge variant="default">{key.passkeyType === 'deviceBound' ? 'Device-bound' : 'Synced'}</Badge>
      {key.refused !== null && <Badge color="red.9">Not accepted</Badge>}
    </Group>
  </div>,
  <Time key="added" value={key.createdOn} />,
  key.lastUsedOn === null ? 'Never' : <Time key="used" value={key.lastUsedOn} />,
  <Button key="remove" variant="default" size="xs" onClick={remove} aria-label={`Remove ${key.displayName}`}>
    Remove
  </Button>,
];
