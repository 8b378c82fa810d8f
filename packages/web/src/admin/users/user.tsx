/** One user: keys, Temporary Access Pass, and what happened at the last ceremonies. */
import type { SecurityKeyInfo, User } from '@kennel/tenant/wire';
import { Anchor, Badge, Button, Group, Text, Title } from '@mantine/core';
import { useCallback, useState } from 'react';
import { Link, useParams } from 'react-router';
import { admin } from '../../api/admin.ts';
import { useFreshProof } from '../../app/fresh-proof.tsx';
import { useLoad } from '../../app/use-load.ts';
import { DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { LoadNotice } from '../../components/load-notice.tsx';
import { Time } from '../../components/time.tsx';
import { SubjectHead } from '../subject-head.tsx';
import { PassOfUser } from './pass.tsx';

type Doing = { what: 'remove'; key: SecurityKeyInfo } | { what: 'sign-out' } | { what: 'enable' | 'disable' };

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

function State({ user, ask }: { user: User; ask: (what: 'enable' | 'disable' | 'sign-out') => void }) {
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

interface DoingsProps {
  user: User;
  doing: Doing | undefined;
  close: () => void;
  finish: (text: string) => Promise<void>;
}

function Doings({ user, doing, close, finish }: DoingsProps) {
  const withFreshProof = useFreshProof();
  if (doing === undefined) return null;
  if (doing.what === 'remove') {
    const { key } = doing;
    return (
      <Dialog
        title={`Remove ${key.displayName}`}
        action="Remove"
        busyText="One moment."
        danger
        close={close}
        run={async () => {
          await withFreshProof(() => admin.keys.remove(user.id, key.id));
          await finish(`${key.displayName} is removed.`);
        }}
      >
        <Text>
          {user.displayName} can no longer sign in with this key, from the next request on. Tickets that it
          brought end within ten hours.
        </Text>
      </Dialog>
    );
  }
  if (doing.what === 'sign-out') {
    return (
      <Dialog
        title="Sign out everywhere"
        action="Sign out"
        busyText="One moment."
        danger
        close={close}
        run={async () => {
          await withFreshProof(() => admin.users.signOut(user.id));
          await finish(`${user.displayName} is signed out everywhere.`);
        }}
      >
        <Text>
          Every web session and device of {user.displayName} has to sign in again with a key. Tickets of the
          domain end within ten hours.
        </Text>
      </Dialog>
    );
  }
  const enabled = doing.what === 'enable';
  return (
    <Dialog
      title={enabled ? 'Enable the user' : 'Disable the user'}
      action={enabled ? 'Enable' : 'Disable'}
      busyText="One moment."
      danger={!enabled}
      close={close}
      run={async () => {
        await withFreshProof(() => admin.users[doing.what](user.id));
        await finish(`${user.displayName} is ${enabled ? 'enabled' : 'disabled'}.`);
      }}
    >
      <Text>
        {enabled
          ? `${user.displayName} can sign in again.`
          : `${user.displayName} is refused from the next request on.`}
      </Text>
    </Dialog>
  );
}
